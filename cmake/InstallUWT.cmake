# Installs headers, targets and the package that `find_package(UWT)` reads.

include(CMakePackageConfigHelpers)
set(UWT_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/UWT")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/uwt"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(EXPORT UWTTargets NAMESPACE UWT:: DESTINATION "${UWT_CMAKE_DIR}")
if(UWT_ENABLE_COMPILER)
  # A package of its own: its targets name MLIR's, which a program that only reads
  # weights does not have.
  install(EXPORT UWTCompilerTargets NAMESPACE UWT:: DESTINATION "${UWT_CMAKE_DIR}")
  install(DIRECTORY "${PROJECT_BINARY_DIR}/include/uwt"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h.inc")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/uwt"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.td")
endif()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/UWTConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/cmake/UWTConfig.cmake"
  INSTALL_DESTINATION "${UWT_CMAKE_DIR}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/cmake/UWTConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/cmake/UWTConfig.cmake"
  "${PROJECT_BINARY_DIR}/cmake/UWTConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindxxHash.cmake"
  DESTINATION "${UWT_CMAKE_DIR}")
