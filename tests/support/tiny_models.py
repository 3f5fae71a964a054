"""Models of real classes of transformers with tiny random weights, saved as people save theirs."""

from pathlib import Path

import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

#: Kinds that write about pictures, and those that compare pictures with texts.
WRITERS = ("blip", "blip-2", "florence2", "qwen2_vl", "qwen3_vl", "smolvlm")
TOWERS = ("clip", "siglip")
WORDS = "a red blue grey wing sole upper long plain bird with of the photo close-up object".split()
SIDE = 28
_CHAT = (
    "{% for message in messages %}{{ message['role'] }} "
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %} {% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}assistant {% endif %}"
)
_TEXT = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
_ENDS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def write_tiny(kind: str, folder: Path) -> Path:
    """Write model and processor of a kind into a folder and return it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, processor = globals()[f"_{kind.replace('-', '_')}"]()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _tokenizer(*special: str, **named) -> PreTrainedTokenizerFast:
    first = ["<pad>", "<s>", "</s>", "<unk>", *special]
    vocabulary = {token: i for i, token in enumerate([*first, *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=list(special),
        model_max_length=64,
        **named,
    )


def _blip():
    text = {**_TEXT, **_ENDS, "sep_token_id": 2, "max_position_embeddings": 64}
    text |= {"encoder_hidden_size": 16}
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 14}
    model = hf.BlipForConditionalGeneration(
        hf.BlipConfig(text_config=text, vision_config=vision, projection_dim=8)
    )
    image = hf.BlipImageProcessor(size={"height": SIDE, "width": SIDE})
    tokenizer = hf.BertTokenizer(
        vocab={w: i for i, w in enumerate(["[PAD]", "[UNK]", "[SEP]", "[CLS]", "[MASK]", *WORDS])}
    )
    return model, hf.BlipProcessor(image, tokenizer)


def _blip_2():
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 14}
    asks = {"hidden_size": 16, "encoder_hidden_size": 16, "num_hidden_layers": 1}
    asks |= {"num_attention_heads": 2, "intermediate_size": 24, "vocab_size": 64}
    text = {"model_type": "opt", "vocab_size": 64, "hidden_size": 16, "ffn_dim": 24, **_ENDS}
    text |= {"num_hidden_layers": 1, "num_attention_heads": 2, "word_embed_proj_dim": 16}
    text |= {"max_position_embeddings": 128}
    tokenizer = _tokenizer("<image>")
    config = hf.Blip2Config(
        vision_config=vision,
        qformer_config=asks,
        text_config=text,
        num_query_tokens=2,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    image = hf.BlipImageProcessor(size={"height": SIDE, "width": SIDE})
    processor = hf.Blip2Processor(image, tokenizer, num_query_tokens=2)
    return hf.Blip2ForConditionalGeneration(config), processor


def _qwen2_vl():
    special = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    tokenizer = _tokenizer(*special)
    ids = dict(zip(special, tokenizer.convert_tokens_to_ids(list(special)), strict=True))
    vision = {"depth": 1, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "mlp_ratio": 2}
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    config = hf.Qwen2VLConfig(
        vision_config=vision,
        text_config={**_TEXT, **_ENDS, "rope_parameters": rope},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    processor = hf.Qwen2VLProcessor(
        hf.Qwen2VLImageProcessor(size={"shortest_edge": 56 * 56, "longest_edge": 56 * 56}),
        tokenizer,
        hf.Qwen2VLVideoProcessor(),
        chat_template=_CHAT.replace("IMAGE", "<|vision_start|> <|image_pad|> <|vision_end|>"),
    )
    return hf.Qwen2VLForConditionalGeneration(config), processor


def _qwen3_vl():
    special = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    tokenizer = _tokenizer(*special)
    ids = dict(zip(special, tokenizer.convert_tokens_to_ids(list(special)), strict=True))
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2}
    vision |= {
        "out_hidden_size": 16,
        "deepstack_visual_indexes": [0],
        "num_position_embeddings": 16,
    }
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    config = hf.Qwen3VLConfig(
        vision_config=vision,
        text_config={**_TEXT, **_ENDS, "head_dim": 8, "rope_parameters": rope},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    processor = hf.Qwen3VLProcessor(
        hf.Qwen2VLImageProcessor(
            size={"shortest_edge": 64 * 64, "longest_edge": 64 * 64}, patch_size=16
        ),
        tokenizer,
        hf.Qwen3VLVideoProcessor(),
        chat_template=_CHAT.replace("IMAGE", "<|vision_start|> <|image_pad|> <|vision_end|>"),
    )
    return hf.Qwen3VLForConditionalGeneration(config), processor


def _smolvlm():
    special = ("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    tokenizer = _tokenizer(*special)
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 14}
    config = hf.SmolVLMConfig(
        vision_config=vision,
        text_config={"model_type": "llama", **_TEXT, **_ENDS},
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        **_ENDS,
    )
    edge = {"longest_edge": SIDE}
    processor = hf.SmolVLMProcessor(
        hf.SmolVLMImageProcessor(size=edge, max_image_size=edge, do_image_splitting=False),
        tokenizer,
        hf.SmolVLMVideoProcessor(),
        image_seq_len=1,
        chat_template=_CHAT.replace("IMAGE", "<image>"),
    )
    return hf.SmolVLMForConditionalGeneration(config), processor


def _florence2():
    tokenizer = _tokenizer("<image>", image_token="<image>")
    text = {"model_type": "bart", "vocab_size": 64, "d_model": 16, "encoder_layers": 1, **_ENDS}
    text |= {"decoder_layers": 1, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24}
    text |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    text |= {"decoder_start_token_id": 2, "max_position_embeddings": 128}
    vision = {"embed_dim": [8, 8, 8, 16], "num_heads": [1, 1, 1, 1], "num_groups": [1, 1, 1, 1]}
    vision |= {"depths": [1, 1, 1, 1], "window_size": 2, "projection_dim": 16}
    config = hf.Florence2Config(
        text_config=text,
        vision_config=vision,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        is_encoder_decoder=True,
    )
    image = hf.CLIPImageProcessor(size={"height": 64, "width": 64}, do_center_crop=False)
    image.image_seq_length = 5
    return hf.Florence2ForConditionalGeneration(config), hf.Florence2Processor(image, tokenizer)


def _towers():
    text = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 64, **_ENDS}
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    return text, vision | {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 14}


def _clip():
    text, vision = _towers()
    config = hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    size = {"height": SIDE, "width": SIDE}
    image = hf.CLIPImageProcessor(size=size, crop_size=size)
    return hf.CLIPModel(config), hf.CLIPProcessor(image, _tokenizer())


def _siglip():
    text, vision = _towers()
    config = hf.SiglipConfig(text_config={**text, "projection_size": 16}, vision_config=vision)
    image = hf.SiglipImageProcessor(size={"height": SIDE, "width": SIDE})
    return hf.SiglipModel(config), hf.SiglipProcessor(image, _tokenizer())
