# `cmake --install` and find_package(modernbert): the library with its headers, the program, the small model.
include(CMakePackageConfigHelpers)

set(MODERNBERT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/modernbert)
set(MODERNBERT_MODELS_DIR ${CMAKE_INSTALL_DATADIR}/modernbert/models)

install(TARGETS modernbert EXPORT modernbert_targets)
install(TARGETS modernbert_cli)
install(DIRECTORY include/modernbert DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(DIRECTORY models/nano DESTINATION ${MODERNBERT_MODELS_DIR})
install(EXPORT modernbert_targets NAMESPACE modernbert:: DESTINATION ${MODERNBERT_CMAKE_DIR})

configure_package_config_file(cmake/modernbert-config.cmake.in ${CMAKE_BINARY_DIR}/modernbert-config.cmake
  INSTALL_DESTINATION ${MODERNBERT_CMAKE_DIR} PATH_VARS MODERNBERT_MODELS_DIR)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/modernbert-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/modernbert-config.cmake ${CMAKE_BINARY_DIR}/modernbert-config-version.cmake
  DESTINATION ${MODERNBERT_CMAKE_DIR})
