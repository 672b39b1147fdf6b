# How UWT's targets are made: one place for language level, warnings and layout.

include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(UWT_CCACHE ccache)
if(UWT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${UWT_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${UWT_CCACHE}")
endif()

add_compile_options(-Wall -Wextra -Werror=return-type -ffp-contract=off)

# A library UWT<name> from all of lib/<name>/*.cpp. Sources are globbed, so that
# a new codec is its own file and one registration line.
#   uwt_add_library(Codec LINK Format PRIVATE_LINK ...)
function(uwt_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK;PRIVATE_LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(UWT${name} STATIC ${sources})
  add_library(UWT::${name} ALIAS UWT${name})
  target_include_directories(UWT${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(UWT${name} PUBLIC ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
endfunction()
