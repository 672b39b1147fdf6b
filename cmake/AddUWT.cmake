# How UWT's targets are made: one place for language level, warnings, sanitizers
# and layout.

include(CheckLinkerFlag)
include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Debian's libMLIR is not where the loader looks.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

option(UWT_ENABLE_WERROR "Turn clang's warnings into errors (on in the presets)" OFF)
option(UWT_ENABLE_COVERAGE "Instrument for source-based coverage (needs clang)" OFF)
option(UWT_FUZZERS_SEE_COMPARISONS "Tell fuzzers what is compared with what: they find more in long runs, and all tests are slower" OFF)
option(UWT_UNITY_BUILD "Compile eight files as one: quicker from nothing, slower after a change" OFF)
set(UWT_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

# What only the top-level project may decide: a program that takes UWT in with
# add_subdirectory keeps its own build type, launcher and output directory.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
  find_program(UWT_CCACHE ccache)
  if(UWT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # What ccache asks for where headers are precompiled.
    set(UWT_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                     "${UWT_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER "${UWT_LAUNCHER}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${UWT_LAUNCHER}")
  endif()
endif()

# Results may not depend on the machine: no fused multiply-add behind our back.
add_compile_options(-Wall -Wextra -Werror=return-type -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # std::stable_sort of libstdc++ 12 uses what it deprecates itself.
  add_compile_options(-Wno-deprecated-declarations)
  if(UWT_ENABLE_WERROR)
    add_compile_options(-Werror)
  endif()
  check_linker_flag(CXX -fuse-ld=lld UWT_HAVE_LLD)
  if(UWT_HAVE_LLD)
    add_link_options(-fuse-ld=lld)
    # What uwt_link_for_size leaves out are sections.
    if(NOT UWT_SANITIZE)
      add_compile_options(-ffunction-sections -fdata-sections)
    endif()
  endif()
elseif(UWT_BUILD_FUZZERS OR UWT_ENABLE_COVERAGE)
  message(FATAL_ERROR "UWT_BUILD_FUZZERS and UWT_ENABLE_COVERAGE need clang, "
                      "the compiler is ${CMAKE_CXX_COMPILER_ID}: "
                      "configure with -DCMAKE_CXX_COMPILER=clang++-22")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # What gcc 12 finds in its own headers, and in GoogleTest's macros after an if.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overread
                      -Wno-stringop-overflow -Wno-array-bounds -Wno-dangling-else)
endif()

if(UWT_SANITIZE)
  add_compile_options(-fsanitize=${UWT_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${UWT_SANITIZE})
  if(UWT_SANITIZE MATCHES "address,undefined")
    # AddressSanitizer finds these two as well, and they take a third of the code.
    add_compile_options(-fno-sanitize=null,object-size)
  endif()
endif()
if(UWT_BUILD_FUZZERS)
  # The libraries count edges for libFuzzer; only fuzz-* link its main function.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
  if(NOT UWT_FUZZERS_SEE_COMPARISONS)
    add_compile_options(-fno-sanitize-coverage=trace-cmp)
  endif()
endif()
if(UWT_ENABLE_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()

# Compiles eight files of a folder as one if UWT_UNITY_BUILD asks for it: headers take most of the time of a file. Names of file
# scope differ in a target for that reason. Files for an instruction set stay alone, and a change of one
# file compiles seven others anew, not a library.
#   uwt_compile_together(target)
function(uwt_compile_together target)
  if(NOT UWT_UNITY_BUILD)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  get_target_property(build_folder ${target} BINARY_DIR)
  set(folders)
  set(alone)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${folder}" OUTPUT_VARIABLE full)
    cmake_path(IS_PREFIX PROJECT_SOURCE_DIR "${full}" is_ours)
    cmake_path(IS_PREFIX PROJECT_BINARY_DIR "${full}" is_generated)
    if(source MATCHES "[.]cpp$" AND NOT source MATCHES "(Avx2|Avx512|Neon|Scalar)[.]cpp$" AND is_ours AND NOT is_generated)
      cmake_path(RELATIVE_PATH full BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
      cmake_path(GET full PARENT_PATH parent)
      string(REPLACE "/" "_" parent "${parent}")
      list(APPEND folders "${parent}")
      list(APPEND files_of_${parent} "${full}")
    else()
      list(APPEND alone "${source}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES folders)
  set(units)
  foreach(parent IN LISTS folders)
    list(SORT files_of_${parent})
    set(number 0)
    set(content "")
    foreach(file IN LISTS files_of_${parent})
      string(APPEND content "#include \"${file}\"\n")
      math(EXPR number "${number} + 1")
      math(EXPR position "${number} % 8")
      list(LENGTH files_of_${parent} count)
      if(position EQUAL 0 OR number EQUAL count)
        set(unit "${build_folder}/Unity/${target}-${parent}-${number}.cpp")
        file(CONFIGURE OUTPUT "${unit}" CONTENT "${content}" @ONLY)
        list(APPEND units "${unit}")
        set(content "")
      endif()
    endforeach()
  endforeach()
  set_target_properties(${target} PROPERTIES SOURCES "${units};${alone}")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
endfunction()

# What is not HOT is not optimised under sanitizers: half the time of its compilation. HOT libraries have the loops over weights,
# or over an emulated GPU's instructions.
function(uwt_leave_unoptimised target)
  if(UWT_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# Commands and passes: their time goes into the libraries that they call. For size is two thirds of the time of -O3 to compile.
# (Not for Container: files of many small tensors would take 1.8 times as long.)
function(uwt_optimise_for_size target)
  uwt_leave_unoptimised(${target})
  if(NOT UWT_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Oz>)
  endif()
endfunction()

# What is in the Python package: functions that nothing calls are left out, and those of the same code are there once, as far as
# nothing compares their addresses.
function(uwt_link_for_size target)
  if(UWT_HAVE_LLD AND NOT UWT_SANITIZE)
    target_link_options(${target} PRIVATE LINKER:--gc-sections LINKER:--icf=safe)
  endif()
endfunction()

# A library UWT<name> from all *.cpp of its folder and those below, installed as UWT::<name>.
# Sources are globbed, so that a new codec is its own file and one registration
# line. PRIVATE_LINK names what our sources use and users have to link too;
# BUILD_LINK names what is gone after compilation (header-only libraries).
# COLD libraries are compiled for size: nobody waits for what they do.
#   uwt_add_library(Codec [HOT | COLD] LINK UWTFormat [PRIVATE_LINK ...] [BUILD_LINK ...])
function(uwt_add_library name)
  cmake_parse_arguments(ARG "HOT;COLD" "" "LINK;PRIVATE_LINK;BUILD_LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(UWT${name} STATIC ${sources})
  add_library(UWT::${name} ALIAS UWT${name})
  set_target_properties(UWT${name} PROPERTIES EXPORT_NAME ${name})
  uwt_precompile_standard(UWT${name})
  uwt_compile_together(UWT${name})
  if(ARG_COLD)
    uwt_optimise_for_size(UWT${name})
  elseif(NOT ARG_HOT)
    uwt_leave_unoptimised(UWT${name})
  endif()
  target_compile_features(UWT${name} PUBLIC cxx_std_20)
  target_include_directories(UWT${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(UWT${name} PUBLIC ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
  foreach(library IN LISTS ARG_BUILD_LINK)
    target_link_libraries(UWT${name} PRIVATE "$<BUILD_INTERFACE:${library}>")
  endforeach()
  install(TARGETS UWT${name} EXPORT UWTTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endfunction()

# A shared library UWT<name>, lib<output>.so, from all *.cpp beside its CMakeLists.txt, installed as UWT::<name>: it shows the
# functions of the C API that it has, and nothing of what is linked into it.
#   uwt_add_c_library(C uwt LINK UWTContainer ...)
function(uwt_add_c_library name output)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(UWT${name} SHARED ${sources})
  add_library(UWT::${name} ALIAS UWT${name})
  target_include_directories(UWT${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(UWT${name} PRIVATE ${ARG_LINK})
  uwt_compile_together(UWT${name})
  uwt_optimise_for_size(UWT${name})
  uwt_link_for_size(UWT${name})
  set(exported "${PROJECT_SOURCE_DIR}/cmake/CApi.map")
  target_link_options(UWT${name} PRIVATE "LINKER:--version-script=${exported}")
  set_property(TARGET UWT${name} APPEND PROPERTY LINK_DEPENDS "${exported}")
  set_target_properties(UWT${name} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME ${output} INSTALL_RPATH "$ORIGIN"
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
  # A wheel has no links to files.
  if(NOT UWT_WHEEL)
    set_target_properties(UWT${name} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  endif()
endfunction()

# The uwt that compiles modules for this build's machine, and what it is made of; empty where there is none.
set(UWT_KERNEL_COMPILER "" CACHE FILEPATH "A uwt with its compiler, for builds without: it compiles kernels of products")
function(uwt_find_kernel_compiler compiler files)
  set(${compiler} "${UWT_KERNEL_COMPILER}" PARENT_SCOPE)
  set(${files} "${UWT_KERNEL_COMPILER}" PARENT_SCOPE)
  if(NOT UWT_KERNEL_COMPILER AND UWT_ENABLE_COMPILER)
    set(${compiler} "$<TARGET_FILE:uwt>" PARENT_SCOPE)
    set(${files} uwt UWTCompilerTool PARENT_SCOPE)
  endif()
endfunction()

# Headers of the C++ library take half the time of a compilation.
function(uwt_precompile_standard target)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  if(target STREQUAL UWTSupport)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <cmath> <cstring> <filesystem> <fstream> <functional> <map> <memory>
      <mutex> <numeric> <optional> <span> <string> <variant> <vector>)
  else()
    uwt_reuse_precompiled(${target} UWTSupport)
  endif()
endfunction()

# Targets differ in what they are optimised and instrumented for. clang would refuse that, but a precompiled header holds
# declarations: code is made of them where they are used.
function(uwt_reuse_precompiled target owner)
  target_precompile_headers(${target} REUSE_FROM ${owner})
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-validate-pch")
endfunction()

# A library UWT<name> of the compiler half from all *.cpp beside its CMakeLists.txt, linked against the
# shared LLVM and MLIR only: a static MLIR archive beside them would load MLIR twice.
#   uwt_add_compiler_library(Dialect [HOT] LINK UWTCodec [PRIVATE_LINK ...] [DEPENDS targets])
function(uwt_add_compiler_library name)
  cmake_parse_arguments(ARG "HOT" "" "LINK;PRIVATE_LINK;DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(UWT${name} STATIC ${sources})
  add_library(UWT::${name} ALIAS UWT${name})
  set_target_properties(UWT${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(UWT${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  # What TableGen writes is not ours to warn about.
  target_include_directories(UWT${name} SYSTEM PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>")
  uwt_use_mlir(UWT${name})
  uwt_precompile_mlir(UWT${name})
  uwt_compile_together(UWT${name})
  if(NOT ARG_HOT)
    uwt_optimise_for_size(UWT${name})
  endif()
  target_link_libraries(UWT${name} PUBLIC ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
  add_dependencies(UWT${name} UWTTableGen ${ARG_DEPENDS})
  install(TARGETS UWT${name} EXPORT UWTCompilerTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endfunction()

# MLIR's headers take up to nine tenths of the time of a compilation: they are compiled once, with the dialect.
set(uwt_precompiled_headers
  "${PROJECT_SOURCE_DIR}/include/uwt/Dialect/UWT/IR/UWTDialect.h"
  <mlir/Dialect/Affine/IR/AffineOps.h> <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/GPU/IR/GPUDialect.h> <mlir/Dialect/LLVMIR/NVVMDialect.h>
  <mlir/Dialect/Linalg/IR/Linalg.h> <mlir/Dialect/Math/IR/Math.h>
  <mlir/Dialect/MemRef/IR/MemRef.h> <mlir/Dialect/NVGPU/IR/NVGPUDialect.h>
  <mlir/Dialect/SCF/IR/SCF.h> <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h> <mlir/IR/Matchers.h> <mlir/Parser/Parser.h>
  <mlir/Pass/PassManager.h> <mlir/Transforms/DialectConversion.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h>)
function(uwt_precompile_mlir target)
  # UWTRewrite is below the dialect.
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang" OR target STREQUAL UWTRewrite)
    return()
  endif()
  if(target STREQUAL UWTDialect)
    target_precompile_headers(${target} PRIVATE ${uwt_precompiled_headers})
  else()
    uwt_reuse_precompiled(${target} UWTDialect)
  endif()
endfunction()

# Lets a target include and link MLIR as the Debian package has it.
function(uwt_use_mlir target)
  target_include_directories(${target} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_link_libraries(${target} PUBLIC MLIR LLVM)
  # The packaged libraries are built without assertions, and classes of their headers (statistics of
  # passes) differ by that.
  target_compile_definitions(${target} PUBLIC NDEBUG)
endfunction()
