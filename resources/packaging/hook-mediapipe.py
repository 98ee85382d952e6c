"""What PyInstaller cannot see of MediaPipe 0.10: its C bindings, their libraries, its graphs.

`solution_base` looks for the graphs (binarypb) and networks (tflite) below its own package by file
name, and the C++ bindings are one extension module whose submodules exist only once it is loaded.
Of the networks only the two face modules are taken: hands, bodies and objects are 25 MB that the
face finder never opens.
"""

from PyInstaller.utils.hooks import collect_data_files, collect_dynamic_libs

hiddenimports = ["mediapipe.python._framework_bindings"]
binaries = collect_dynamic_libs("mediapipe")
datas = collect_data_files(
    "mediapipe",
    includes=[
        f"modules/{module}/*.{suffix}"
        for module in ("face_detection", "face_landmark")
        for suffix in ("tflite", "binarypb")
    ],
)

# Imported only by converters and recorders that no face needs, mostly behind a try.
excludedimports = ["jax", "jaxlib", "sentencepiece", "sounddevice", "tensorflow"]
