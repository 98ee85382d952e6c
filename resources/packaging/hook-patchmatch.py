"""PyPatchMatch loads its shared library by path from beside its package."""

from PyInstaller.utils.hooks import collect_dynamic_libs

binaries = collect_dynamic_libs("patchmatch", search_patterns=["*.so", "*.dylib", "*.dll"])
