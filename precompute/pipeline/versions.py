"""The version of each stage: its author raises it when the code gives other results.

A run keeps what a stage computed as long as its version and inputs are the same, so a changed
docstring or message recomputes nothing and a changed threshold does, once its number is raised.
``tests/system/test_stage_versions.py`` fails when the code changed and the number did not.
"""

VERSIONS = {
    "attributes": 3,
    "activations": 2,
    "tables": 1,
    "estimates": 7,
    "explanations": 4,
    "layout": 1,
    "live": 2,
    "diagnoses": 3,
    "scores": 10,
}
#: Modules of other people whose release may change a stage's results.
LIBRARIES = {
    "attributes": ("spacy", "en_core_web_sm", "textblob", "inflect"),
    "activations": ("torch", "torchvision", "PIL", "numpy"),
    "tables": ("numpy",),
    "estimates": ("numpy", "scipy", "sklearn"),
    "explanations": ("numpy",),
    "layout": ("numpy", "sklearn"),
    "live": ("torch", "onnx", "onnxscript", "onnxruntime", "numpy"),
    "diagnoses": ("numpy", "scipy", "sklearn", "inflect"),
    "scores": ("numpy", "scipy", "sklearn", "sacrebleu", "inflect"),
}
