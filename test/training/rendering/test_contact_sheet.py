import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.media.images import DARK_GROUND
from rednet_ros.training.rendering.contact_sheet import HIDDEN_BGR, SEEN_BGR, TILE_PX, write_contact_sheet


def write_rows(folder: Path, count: int) -> None:
    cv2.imwrite(str(folder / "grey.png"), np.full((2 * TILE_PX, 2 * TILE_PX, 3), 90, np.uint8))
    row = {"image": "grey.png", "points": [[100, 60]] * 34 + [[200, 180]] * 34, "visible": [1] * 34 + [0] * 34}
    (folder / "labels.jsonl").write_text((json.dumps(row) + "\n") * count)


def test_faces_stand_side_by_side_with_their_points(tmp_path: Path) -> None:
    write_rows(tmp_path, 10)
    write_contact_sheet(tmp_path, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * TILE_PX, 8 * TILE_PX, 3)
    np.testing.assert_allclose(sheet[30, 50], SEEN_BGR, atol=3)
    np.testing.assert_allclose(sheet[90, 7 * TILE_PX + 100], HIDDEN_BGR, atol=3)
    assert (sheet[TILE_PX:, 2 * TILE_PX :] == DARK_GROUND).all(), "no faces are left for the rest of the second row"


def test_nothing_rendered_and_no_picture_format(tmp_path: Path) -> None:
    write_rows(tmp_path, 0)
    with pytest.raises(InputError, match="nothing is rendered"):
        write_contact_sheet(tmp_path, tmp_path / "sheet.png")
    write_rows(tmp_path, 1)
    with pytest.raises(InputError, match="take .png or .jpg"):
        write_contact_sheet(tmp_path, tmp_path / "sheet.txt")
