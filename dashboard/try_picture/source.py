"""Where a picture that is tried comes from, and which part of it the network is shown."""

import streamlit as st
from PIL import ImageDraw
from starlette.formparsers import MultiPartParser

from fieldmarks.core.pictures.crop import Box
from fieldmarks.core.pictures.upload import FORMATS, MAX_BYTES, MAX_PIXELS, Upload
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data
from fieldmarks.dashboard.figures import overlay
from fieldmarks.dashboard.state import Key, bound, choice, number, text
from fieldmarks.dashboard.try_picture.trial import TriedPicture

# Starlette writes what is larger than this to a temporary file; uploads stay in memory
MultiPartParser.spool_max_size = MAX_BYTES + (1 << 20)

UPLOAD, CAMERA, OF_RUN = "upload", "camera", "run"
NAMES = {UPLOAD: "Upload", CAMERA: "Camera", OF_RUN: "Picture of the run"}
#: Longer side of the whole picture beside the sliders, pixels.
_PREVIEW = 260
_ALL = (0, 100)


def pick(run: Run) -> TriedPicture | None:
    """Draw the choice of a picture, and return it; None where there is none yet."""
    x = number(Key.X, run.sizes["X"], "image")
    kind = choice(Key.VIEW, NAMES, UPLOAD if x is None else OF_RUN)
    st.segmented_control(
        "Picture",
        list(NAMES),
        format_func=NAMES.__getitem__,
        label_visibility="collapsed",
        required=True,
        **bound(
            Key.VIEW,
            kind,
            default=UPLOAD,
            scope="try",
            resets=(Key.X, Key.ACROSS, Key.DOWN, Key.VERSUS),
        ),
    )
    if kind == OF_RUN:
        x = 0 if x is None else x
        st.number_input(
            "Image x",
            0,
            run.sizes["X"] - 1,
            step=1,
            help="Number of the image in this run. The picture is the run's thumbnail: the "
            "square that the network reads, reduced and compressed.",
            **bound(
                Key.X,
                x,
                # without a view, the image is what says that the picture is of the run
                default=0 if text(Key.VIEW) == OF_RUN else None,
                scope="try",
                resets=(Key.ACROSS, Key.DOWN, Key.VERSUS),
            ),
        )
        return TriedPicture(run.packed("thumb", x), x)
    if kind == CAMERA:
        file = st.camera_input("Take a picture", key="try.camera", on_change=_forget)
    else:
        file = st.file_uploader(
            "A picture",
            type=[name.lower() for name in (*FORMATS, "JPG")],
            max_upload_size=MAX_BYTES >> 20,
            help=f"JPEG, PNG or WebP, at most {MAX_BYTES >> 20} MB and "
            f"{MAX_PIXELS // 10**6} megapixels. It stays in the server's memory until you "
            "close the page or remove it, and is never written to disk.",
            key="try.upload",
            on_change=_forget,
        )
    return None if file is None else TriedPicture(file.getvalue())


def _forget() -> None:
    """Forget what was chosen for the picture before."""
    for key in (Key.ACROSS, Key.DOWN, Key.VERSUS, Key.T):
        st.query_params.pop(str(key), None)


def pick_box(upload: Upload, is_of_boxes: bool) -> Box:
    """Draw the choice of the part that the network is shown.

    Parameters
    ----------
    upload : Upload
    is_of_boxes : bool
        The network was trained on boxes, and the picture is not one already.

    Returns
    -------
    tuple of 4 float
        Left, top, width, height in pixels.
    """
    across, down = read_range(Key.ACROSS), read_range(Key.DOWN)
    left, right = st.columns([2, 3], vertical_alignment="center")
    if is_of_boxes and (across, down) == (_ALL, _ALL):
        st.caption(
            "This network was trained on boxes around the object: choose the part that holds it."
        )
    with right:
        for key, label, value in (
            (Key.ACROSS, "From left to right, %", across),
            (Key.DOWN, "From top to bottom, %", down),
        ):
            st.slider(
                label, *_ALL, step=1, **bound(key, value, _written, default=_ALL, scope="try")
            )
    width, height = upload.size
    box = (
        across[0] / 100 * width,
        down[0] / 100 * height,
        (across[1] - across[0]) / 100 * width,
        (down[1] - down[0]) / 100 * height,
    )
    with left:
        small = upload.small(_PREVIEW)
        if (across, down) != (_ALL, _ALL):
            share = small.width / width
            corners = [share * each for each in (box[0], box[1], box[0] + box[2], box[1] + box[3])]
            ImageDraw.Draw(small).rectangle(corners, outline=(255, 255, 255), width=4)
            ImageDraw.Draw(small).rectangle(corners, outline=(213, 94, 0), width=2)
        st.image(data.data_uri(overlay.jpeg(small)), alt="The whole picture and the chosen part")
    return box


def read_range(key: Key) -> tuple[int, int]:
    """Return the range of percent that the URL names; all where it names none of at least 5."""
    parts = text(key).split("-")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        low, high = (int(part[:4]) for part in parts)
        if low + 5 <= high <= _ALL[1]:
            return low, high
    return _ALL


def _written(value: tuple[int, int]) -> str:
    low, high = value
    if high - low < 5:  # a part of nothing cannot be shown
        low, high = max(0, min(low, 95)), max(5, high, low + 5)
    return f"{low}-{min(high, 100)}"
