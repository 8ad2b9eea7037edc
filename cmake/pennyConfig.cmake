# For `find_package(penny)` with CMAKE_PREFIX_PATH naming this package's folder: the core is built from source with the
# flags of the project that asks.
include("${CMAKE_CURRENT_LIST_DIR}/penny.cmake")
