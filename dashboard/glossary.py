"""Definitions of the terms and symbols on the pages."""

import streamlit as st

from fieldmarks.core.name_status import MAX_Q
from fieldmarks.dashboard import heading

TERMS: dict[str, str] = {
    "attribute t": "A word of the captions for what a thing is like: an adjective and its noun.",
    "filter f": "A channel of the last convolutional layer; its output is the feature map f(x).",
    "φ(f(x))": "Pooled activation: mean or maximum of the feature map of filter f in image x.",
    "p(t | f)": "Attribute distribution of filter f, estimated from captions and activations. Sums "
    "to 1 over t.",
    "W[c, f]": "Weight of filter f in the logit of class c: the last linear layer.",
    "p(f | x, c)": "Contribution of filter f to class c in image x: φ(f(x)) · W[c, f], clipped at "
    "0 and normalised. Sums to 1 over f.",
    "p(t | x, c)": "Attribute distribution of image x for class c: Σ p(f | x, c) p(t | f). Sums to "
    "1 over t. The paper's sentence names its five most probable attributes.",
    "seen, certainty q(t, x)": "How likely captions of image x would name attribute t, given "
    "all activations of the network: seen above .5, certain above .8. A sentence says what is "
    "above .6 and counts for the class.",
    "counts for": "Exact contribution of an attribute to the score of a class, minus its "
    "contribution to the mean class or to the class compared with.",
    "on its part, on the object": "With a keypoint: the heatmap peaks within 0.2 of the image's "
    "side from it. Otherwise at least half of the heat is inside the bounding box; without one, "
    "where all filters together are more active than on average.",
    "p(t | c)": "Class description: Σ σ(W[c, f]) p(t | f), without an image. Sums to 1 over t.",
    "contribution": "The part of a sum that one filter adds, as a share of the whole.",
    "confidence": "Softmax probability of the predicted class, from 0 to 1.",
    "logit": "Score of a class before the softmax. It is a sum over filters plus a bias, so the "
    "contribution of each filter is exact.",
    "CAM": "Class activation map: Σ W[c, f] f(x), the evidence for class c at each place.",
    "heatmap": "Grounding of an attribute: a weighted sum of the feature maps, with the weights "
    "that the estimator gives to the attribute.",
    "PCK@0.1": "Percentage of correct keypoints: share of heatmaps whose peak is within 0.1 of the "
    "image's side from the nearest keypoint of the part.",
    "null band": "Range of p(t | f) that is not significant against captions permuted between "
    "classes (permutation test).",
    "q": "False discovery rate of an attribute of a filter, from the permutation test. Below "
    f"{MAX_Q:.0%} the attribute is significant and can be the filter's name.",
    "typical image": "One of the training images whose pooled activations are nearest to the "
    "mean of their class.",
    "McNemar p": "Exact test of two networks on the same images: the probability that the "
    "changed predictions split at least this unevenly if both networks were equally good.",
    "map": "Layout of all images in two dimensions by t-SNE: images with similar pooled "
    "activations lie close together. Distances between groups mean nothing.",
    "AUROC": "Probability that an attacked picture is more suspicious than an unchanged one; "
    "0.5 is chance.",
    "FGSM, PGD": "Adversarial attacks: one step, or many, along the gradient of the network's "
    "loss, each pixel value changed by at most the strength.",
    "estimator": "Method that estimates p(t | f) and the weights of heatmaps; `literal` is the "
    "paper's, `keypoints` is a keypoint-supervised upper bound.",
}


def show() -> None:
    """Draw the glossary."""
    heading.section("Glossary")
    left, right = st.columns(2, gap="large")
    entries = [f"**{term}**  \n{meaning}" for term, meaning in TERMS.items()]
    half = -(-len(entries) // 2)
    left.markdown("\n\n".join(entries[:half]))
    right.markdown("\n\n".join(entries[half:]))
