"""The face mesh: which of MediaPipe's 478 nodes are what, and the points a frame is placed by.

The node numbers are facts of MediaPipe's canonical face model, written down here; its tessellation
comes with the model that finds faces (engine.face.face_model). Left and right are the picture's:
the left eye is the one on the left of an upright, unmirrored photo.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

NODES = 478
EDGES = 1330  # of the tessellation, irises included

# Contours in drawing order, picture left first.
LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LEFT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
RIGHT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
LEFT_IRIS = (468, 469, 470, 471, 472)
RIGHT_IRIS = (473, 474, 475, 476, 477)
# fmt: off
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80,
              191)
NOSE = (168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 326, 97, 48, 278, 115, 344, 220, 440, 45, 275, 129,
        358)
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
# What of a face is no plain skin.
FEATURES = (LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, LIPS, INNER_LIPS, NOSE)
# Nodes that change places in a mirrored face, pair after pair; the rest lie on the middle line.
_PARTNERS = (3, 248, 7, 249, 20, 250, 21, 251, 22, 252, 23, 253, 24, 254, 25, 255, 26, 256, 27, 257,
             28, 258, 29, 259, 30, 260, 31, 261, 32, 262, 33, 263, 34, 264, 35, 265, 36, 266, 37,
             267, 38, 268, 39, 269, 40, 270, 41, 271, 42, 272, 43, 273, 44, 274, 45, 275, 46, 276,
             47, 277, 48, 278, 49, 279, 50, 280, 51, 281, 52, 282, 53, 283, 54, 284, 55, 285, 56,
             286, 57, 287, 58, 288, 59, 289, 60, 290, 61, 291, 62, 292, 63, 293, 64, 294, 65, 295,
             66, 296, 67, 297, 68, 298, 69, 299, 70, 300, 71, 301, 72, 302, 73, 303, 74, 304, 75,
             305, 76, 306, 77, 307, 78, 308, 79, 309, 80, 310, 81, 311, 82, 312, 83, 313, 84, 314,
             85, 315, 86, 316, 87, 317, 88, 318, 89, 319, 90, 320, 91, 321, 92, 322, 93, 323, 95,
             324, 96, 325, 97, 326, 98, 327, 99, 328, 100, 329, 101, 330, 102, 331, 103, 332, 104,
             333, 105, 334, 106, 335, 107, 336, 108, 337, 109, 338, 110, 339, 111, 340, 112, 341,
             113, 342, 114, 343, 115, 344, 116, 345, 117, 346, 118, 347, 119, 348, 120, 349, 121,
             350, 122, 351, 123, 352, 124, 353, 125, 354, 126, 355, 127, 356, 128, 357, 129, 358,
             130, 359, 131, 360, 132, 361, 133, 362, 134, 363, 135, 364, 136, 365, 137, 366, 138,
             367, 139, 368, 140, 369, 141, 370, 142, 371, 143, 372, 144, 373, 145, 374, 146, 375,
             147, 376, 148, 377, 149, 378, 150, 379, 153, 380, 154, 381, 155, 382, 156, 383, 157,
             384, 158, 385, 159, 386, 160, 387, 161, 388, 162, 389, 163, 390, 165, 391, 166, 392,
             167, 393, 169, 394, 170, 395, 171, 396, 172, 397, 173, 398, 174, 399, 176, 400, 177,
             401, 178, 402, 179, 403, 180, 404, 181, 405, 182, 406, 183, 407, 184, 408, 185, 409,
             186, 410, 187, 411, 188, 412, 189, 413, 190, 414, 191, 415, 192, 416, 193, 417, 194,
             418, 196, 419, 198, 420, 201, 421, 202, 422, 203, 423, 204, 424, 205, 425, 206, 426,
             207, 427, 208, 428, 209, 429, 210, 430, 211, 431, 212, 432, 213, 433, 214, 434, 215,
             435, 216, 436, 217, 437, 218, 438, 219, 439, 220, 440, 221, 441, 222, 442, 223, 443,
             224, 444, 225, 445, 226, 446, 227, 447, 228, 448, 229, 449, 230, 450, 231, 451, 232,
             452, 233, 453, 234, 454, 235, 455, 236, 456, 237, 457, 238, 458, 239, 459, 240, 460,
             241, 461, 242, 462, 243, 463, 244, 464, 245, 465, 246, 466, 247, 467, 468, 473, 469,
             476, 470, 475, 471, 474, 472, 477)
# fmt: on

_MOUTH = (61, 291, 13, 14)  # the corners and the middle of both lips


def eye_centres(mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centroids of the left and the right eye's contour, two points; mesh: 478 x 2."""
    return mesh[list(LEFT_EYE)].mean(0), mesh[list(RIGHT_EYE)].mean(0)


def mouth_centre(mesh: np.ndarray) -> np.ndarray:
    """The middle of the mouth, by its corners and the lips' inner middle."""
    return mesh[list(_MOUTH)].mean(0)


def inter_ocular(mesh: np.ndarray) -> float:
    """Distance of the eye centres, in the mesh's units."""
    left, right = eye_centres(mesh)
    return float(np.linalg.norm(right - left))


def roll(mesh: np.ndarray) -> float:
    """The face's turn in the picture plane in degrees, clockwise positive, 0 upright."""
    left, right = eye_centres(mesh)
    return float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))


@lru_cache(maxsize=1)
def mirror_permutation() -> np.ndarray:
    """For each node the node that takes its place in a mirrored picture, 478 integers: the mesh of
    a mirrored crop is `((1 - x, y) of mesh)[mirror_permutation()]`."""
    order = np.arange(NODES)
    pairs = np.array(_PARTNERS).reshape(-1, 2)
    order[pairs[:, 0]], order[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
    return order
