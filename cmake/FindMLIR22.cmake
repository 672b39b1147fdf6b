# LLVM and MLIR 22 as Debian's libmlir-22-dev has them: two shared libraries, headers, TableGen.

# Not find_package(MLIR 22): the package accepts exact versions only.
find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "UWT's compiler needs MLIR 22, found ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}: "
                      "install libmlir-22-dev and mlir-22-tools, or configure with -DUWT_ENABLE_COMPILER=OFF")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
set(MLIR_LINK_MLIR_DYLIB ON)
