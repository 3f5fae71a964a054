# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Find and correct a label error
#
# Some labels are wrong. Captions describe the image and not its label, and the nearest training
# images have labels of their own. Where both disagree with the label, it is suspected. We list the
# suspected label errors, look at the evidence, and refit the last layer without them.

# %%
import fieldmarks as fm
from fieldmarks.core.causes.diagnosis import diagnosed
from fieldmarks.core.causes.suspects import suspects
from fieldmarks.core.repair.preview import baselines, preview
from fieldmarks.core.repair.recipe import Labels, Recipe

run = diagnosed(fm.open_run("demo"))

# %% [markdown]
# ## The suspected label errors
#
# One row per image whose label is more likely wrong than not, the most suspicious first. They are
# images of both splits. `fieldmarks suspects demo --out suspects.csv` writes the same table for
# the label owner.

# %%
table = suspects(run)
print(f"{len(table)} of {run.sizes['X']} labels are suspected")
table.head(10)

# %% [markdown]
# ## The evidence for one of them

# %%
first = table.iloc[0]
print(first["path"])
print(f"labelled {first['label']!r}; suggested {first['suggested']!r}")
print(first["reason"])

# %% [markdown]
# Does the network's own explanation agree? It is a third opinion, but not an independent one: the
# network was trained on these labels.

# %%
x = int((run.images["path"] == first["path"]).idxmax())
suggested_c = int((run.classes["name"] == first["suggested"]).idxmax())
print(fm.explain(run, x).sentence)
print(fm.describe(run, suggested_c).sentence)

# %% [markdown]
# ## Refit the last layer without the suspected labels
#
# The head is fitted to the training images. One half of the test images chooses the penalty (the
# validation half); the reported accuracy is of the other half, which is held out. Nothing is
# written.

# %%
rows = baselines(run)
rows["without suspected labels"] = preview(run, Recipe(labels=Labels.DROP))
for name, row in rows.items():
    accuracy, step = row.accuracy, row.difference
    print(
        f"{name:26} {accuracy.value:5.1f} %  difference {step.value:+.1f} "
        f"[{step.low:+.1f}, {step.high:+.1f}]  {row.n_fixed} fixed, {row.n_broken} broken, "
        f"p = {row.p_value:.2f}"
    )

# %% [markdown]
# A plain refit is among the baselines, because a refit alone can change the accuracy. Held-out
# labels count as they are, so wrong ones in that half count against a better network.
#
# ## Keep what helps
#
# To write the repaired run beside the old one, and a patched checkpoint:
#
# ```
# fieldmarks repair demo --drop-suspects --run-name mended --out mended.pth
# ```
#
# The better cure is at the source: send the table to the label owner, correct the labels, train
# again, and compare the two runs on the page Compare.
