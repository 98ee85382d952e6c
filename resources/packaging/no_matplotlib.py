"""At the start of a bundle: an empty pyplot in Matplotlib's place.

MediaPipe imports pyplot for a plot of landmarks in 3D that nothing here draws; with its fonts and
libraries that would be 30 MB, and a font cache written into the user's folders at the first start.
"""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

for name in ("matplotlib", "matplotlib.pyplot"):
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    module.__path__ = []
    sys.modules[name] = module
sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]
