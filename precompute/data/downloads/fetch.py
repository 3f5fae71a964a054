"""Gets CUB-200-2011 and its captions from their official homes into one folder.

Images and annotations: Wah et al. (2011), CaltechDATA record 65de6-vp158. Captions: Reed et al.
(CVPR 2016), as linked from the authors' repository, reedscot/cvpr2016.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.downloads.download import Source, cached
from fieldmarks.precompute.data.downloads.unpack import unpack
from fieldmarks.precompute.data.readers.cub import read_cub


@dataclass(frozen=True)
class Piece:
    """A folder of the data set and the archive that holds it."""

    folder: str
    source: Source
    members: re.Pattern

    def rename(self, member: str) -> str | None:
        """Return where an archive's member goes, None for those that are not needed."""
        match = self.members.fullmatch(member)
        return match["path"] if match else None


CUB = (
    Piece(
        folder="CUB_200_2011",
        source=Source(
            name="CUB_200_2011.tgz",
            url="https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
            md5="97eceeb196236b17998738112f37df78",
        ),
        members=re.compile(r"(?P<path>CUB_200_2011/.+|attributes\.txt)", re.DOTALL),
    ),
    Piece(
        folder="text_c10",
        source=Source(
            name="cvpr2016_cub.tar.gz",
            url="https://drive.google.com/uc?id=0B0ywwgffWnLLZW9uVHNjb2JmNlE",
        ),
        members=re.compile(r"(?:.*/)?(?P<path>text_c10/.+\.txt)", re.DOTALL),
    ),
)


def fetch(to: Path, cache: Path, archives: list[Path], pieces: tuple[Piece, ...] = CUB) -> None:
    """Put the folders of a data set into ``to``; those that are there stay as they are.

    Parameters
    ----------
    to : Path
    cache : Path
        Where archives are kept.
    archives : list of Path
        Archives that were downloaded by hand, known by their names.

    Raises
    ------
    DataError
        If one cannot be got, is damaged or hostile, or does not hold what it should.
    """
    given = {archive.name: archive for archive in archives}
    names = [piece.source.name for piece in pieces]
    unknown = sorted(given.keys() - set(names))
    if unknown:
        raise DataError(f"{unknown[0]} is not one of the archives {', '.join(names)}; rename it")
    for piece in pieces:
        if (to / piece.folder).exists():
            print(f"{to / piece.folder} exists already")
            continue
        archive = cached(piece.source, cache, given.get(piece.source.name))
        if piece.folder not in unpack(archive, to, piece.rename):
            raise DataError(f"{archive} holds no {piece.folder}: is it the right file?")
    dataset = read_cub(to / CUB[0].folder)
    print(f"{len(dataset.images):,} images of {len(dataset.class_ids)} classes in {to}")
    for problem in dataset.problems:
        print(f"note: {problem}")
