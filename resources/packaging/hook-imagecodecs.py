"""Of imagecodecs' codecs, each an extension module loaded when it is first asked for: the ones that
photos' formats need (TIFF's compressions, JPEG XL, rare JPEGs) and Little CMS. All of them would be
40 MB."""

hiddenimports = [
    f"imagecodecs._{name}"
    for name in (
        *(
            "shared",
            "shared_cython",
            "imcd",
            "cms",
            "deflate",
            "zlib",
            "lzma",
            "zstd",
            "jpeg8",
            "jpegsof3",
        ),
        *("jpeg2k", "webp", "jpegxl", "brotli", "jpegls"),
    )
]
