"""Libraries of the operating system that a package asks for and that are not there."""


def missing_library(error: Exception) -> str | None:
    """The library that an import asked for and did not find, e.g. "libGL.so.1"; None where anything
    else failed."""
    # The loader's words begin with the library; of a Python module they are "No module named ...".
    library = str(error).split(":")[0]
    told = isinstance(error, ImportError) and ".so" in library and " " not in library
    return library if told else None
