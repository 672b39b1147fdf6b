# Toolchain file of the presets: clang 22 where it is installed, else what CMake
# finds. CXX in the environment and -DCMAKE_CXX_COMPILER still decide.

if(NOT CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX})
  find_program(UWT_CLANG clang-22)
  find_program(UWT_CLANGXX clang++-22)
  mark_as_advanced(UWT_CLANG UWT_CLANGXX)
  if(UWT_CLANG AND UWT_CLANGXX)
    set(CMAKE_C_COMPILER "${UWT_CLANG}")
    set(CMAKE_CXX_COMPILER "${UWT_CLANGXX}")
  endif()
endif()
