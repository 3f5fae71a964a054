"""What the words and symbols on the pages mean; the same sentences serve as tooltips."""

import streamlit as st

TERMS: dict[str, str] = {
    "attribute t": "An adjective and a noun that people used of an image, such as “yellow head”.",
    "filter f": "One of the feature maps of the last convolutional layer; it fires where it sees "
    "what it has learned.",
    "φ(f(x))": "How strongly filter f fires in image x: its map, pooled over the image.",
    "p(t | f)": "Filter attribute p.d.f.: how filter f spreads over the attributes. Sums to 1 "
    "over t.",
    "p(f | x, c)": "Share of filter f in the evidence of image x for class c, φ(f(x)) · W[c, f], "
    "clipped at 0. Sums to 1 over f.",
    "p(t | x, c)": "How much the network's evidence for class c in image x speaks of attribute t. "
    "The five highest make the sentence. Sums to 1 over t.",
    "p(t | c)": "Class description: which attributes the weights of class c speak of. Sums to 1 "
    "over t.",
    "confidence": "Softmax probability of the predicted class, from 0 to 1.",
    "logit": "Score of a class before the softmax; a sum over filters plus a bias, so each "
    "filter's share of it is exact.",
    "CAM": "Class activation map: where in the image the evidence for a class lies.",
    "grounding": "The heatmap of a word: the feature maps weighted by how much each filter "
    "speaks of it.",
    "PCK@0.1": "A hit is a peak closer to the part than 0.1 of the image's side; PCK is the "
    "share of hits.",
    "null band": "How high p(t | f) gets 95 % of the time when captions are shuffled among "
    "images. Bars inside the band mean nothing.",
    "trust": "A filter is named when attributes rise above the null band (false discovery "
    "rate 5 %); otherwise it has no nameable attribute.",
    "canonical image": "A training image whose features are nearest to the mean of its class: "
    "the network's idea of a typical one.",
    "estimator": "The way p(t | f) is computed; ‘literal’ is the paper's, others are measured "
    "beside it.",
}


def button() -> None:
    """Draw the button that opens the glossary."""
    with st.popover("Glossary", icon=":material/menu_book:", width="content"):
        for term, meaning in TERMS.items():
            st.markdown(f"**{term}**  \n{meaning}")
