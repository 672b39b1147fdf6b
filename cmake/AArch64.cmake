# Toolchain file of the preset aarch64: what is built runs on 64-bit Arm, and on this machine under qemu. The libraries of that
# machine are those of .cache/aarch64, which `tools/test.sh aarch64` unpacks.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

include("${CMAKE_CURRENT_LIST_DIR}/PreferClang.cmake")
if(CMAKE_CXX_COMPILER MATCHES "clang")
  set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
  set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
elseif(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
  set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
endif()

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH source_dir)
set(CMAKE_FIND_ROOT_PATH "${source_dir}/.cache/aarch64")
# Headers of OpenSSL include others that differ by machine.
set(CMAKE_CXX_FLAGS_INIT "-isystem ${CMAKE_FIND_ROOT_PATH}/usr/include/aarch64-linux-gnu")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(OPENSSL_USE_STATIC_LIBS ON)

# All that qemu knows, so that every path for an instruction set runs.
find_program(UWT_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
mark_as_advanced(UWT_QEMU_AARCH64)
if(UWT_QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${UWT_QEMU_AARCH64};-L;/usr/aarch64-linux-gnu;-cpu;max")
endif()
