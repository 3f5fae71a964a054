import torch

from fieldmarks.precompute.network.small_net import SmallNet


def test_the_head_is_linear_in_the_pooled_rectified_maps():
    torch.manual_seed(0)
    net = SmallNet(num_classes=5).eval()
    images = torch.randn(1, 3, 128, 128)
    seen = {}
    hook = net.stage3.register_forward_hook(lambda *call: seen.update(maps=call[-1]))
    with torch.no_grad():
        logits = net(images)
    hook.remove()
    maps = seen["maps"]
    assert maps.shape == (1, 160, 16, 16)
    assert maps.min() >= 0
    torch.testing.assert_close(maps.mean((2, 3)) @ net.fc.weight.T + net.fc.bias, logits)
