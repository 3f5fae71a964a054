# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Debug a failure
#
# You have a finished run and one image that the network gets wrong. You want to know what the
# network saw, why it preferred the wrong class, what would change its decision, and whether the
# failure is the network's or the label's.
#
# The run `demo` comes with the package. In a checkout, `make demo` computes it.

# %%
import plotly.express as px

import fieldmarks as fm
from fieldmarks.core.causes.diagnosis import diagnosed

run = diagnosed(fm.open_run("demo"))
print(f"{len(run.failures)} of {int(run.is_test.sum())} test images are wrong")

# %% [markdown]
# ## Choose a failure
#
# `run.images` is a table with one row per image. We take the failure that the network is most
# confident about.

# %%
failures = run.images.loc[run.failures]
x = int(failures["confidence"].idxmax())
true_c, predicted_c = (int(run.images[name][x]) for name in ("true_c", "predicted_c"))
names = run.classes["name"]
print(f"image {x}: labelled {names[true_c]!r}, predicted {names[predicted_c]!r}")

# %% [markdown]
# ## Why this class, and why not the other?
#
# `explain` returns the attributes that are seen in the image and count for a class, and a sentence
# that names them. `contrast` names the attributes that count for one class against the other, and
# those that are usual for the other class and not seen by the network.

# %%
why = fm.explain(run, x)
why_not = fm.explain(run, x, true_c)
difference = fm.contrast(run, why, why_not)
print(why.sentence)
print(why_not.sentence)
print(difference.sentence)

# %% [markdown]
# ## Where is the attribute?
#
# `ground` returns the heatmap of an attribute, a weighted sum of the feature maps. A run can leave
# out the maps of some images; `fieldmarks maps RUN --images X` computes them.

# %%
t = why.attributes[0]
phrase = run.attributes["phrase"][t]
heatmap = fm.ground(run, x, t)
px.imshow(heatmap, title=f"{phrase} in image {x}", color_continuous_scale="Blues")

# %% [markdown]
# ## What would change the prediction?
#
# `what_if` removes an attribute from all filters in proportion to p(t given f). With a linear head
# the new class probabilities are exact. Read the result as a statement about the arithmetic of the
# network, not as what a repainted image would give (see the Evidence page).

# %%
result = fm.what_if(run, x, attributes={t: 0})
for c in (predicted_c, true_c):
    print(
        f"{names[c]}: {result.before[0, c]:.3f} before, {result.after[0, c]:.3f} without {phrase}"
    )

# %% [markdown]
# ## Whose error is it?
#
# A diagnosis scores four causes from 0 to 1: image quality, wrong label, spurious cue, and a
# discriminative feature that the network missed. A clear cause lowers the scores of the others.

# %%
diagnosis = run.table("diagnoses").loc[x]
print(diagnosis["pattern"] or "no clear cause")
for cause in ("image_quality", "wrong_label", "spurious_cue", "missing_feature"):
    print(f"{cause:16} {diagnosis[cause]:.2f}  {diagnosis[f'{cause}_reason']}")

# %% [markdown]
# ## Is it alone?
#
# Search finds the test images with this attribute in their explanation. A query has attributes,
# `not`, classes, and `right` or `wrong`.

# %%
similar = fm.search(run, f"{phrase}, wrong").xs
print(f"{len(similar)} misclassified test images are explained with {phrase!r}")

# %% [markdown]
# The dashboard shows the same with pictures: `fieldmarks dashboard demo`.
