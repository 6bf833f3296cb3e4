# A layer is one folder of src/ and one object library. Its headers are visible only to the layers that list it: each folder is
# exposed through an include directory of its own, so an include that goes sideways or upwards does not compile.
add_library(modernbert_flags INTERFACE)
target_compile_options(modernbert_flags INTERFACE -Wall -Wextra -Wpedantic -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>)
if(MODERNBERT_WERROR)
  target_compile_options(modernbert_flags INTERFACE -Werror)
endif()

# modernbert_layer(NAME DEPENDS layer… PUBLIC library… PRIVATE library…)
function(modernbert_layer NAME)
  cmake_parse_arguments(LAYER "" "" "DEPENDS;PUBLIC;PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${NAME}/*.cpp)
  add_library(mb_${NAME} OBJECT ${sources})
  set(include_dir ${CMAKE_BINARY_DIR}/layers/${NAME})
  file(MAKE_DIRECTORY ${include_dir})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${NAME} ${include_dir}/${NAME} SYMBOLIC)
  target_include_directories(mb_${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/include ${include_dir})
  list(TRANSFORM LAYER_DEPENDS PREPEND mb_)
  foreach(dependency ${LAYER_DEPENDS})
    # Usage requirements only: objects are collected once, by the library itself.
    target_include_directories(mb_${NAME} PUBLIC $<TARGET_PROPERTY:${dependency},INTERFACE_INCLUDE_DIRECTORIES>)
  endforeach()
  set_target_properties(mb_${NAME} PROPERTIES MB_CLOSURE "${LAYER_DEPENDS};mb_${NAME}")
  target_link_libraries(mb_${NAME} PUBLIC ${LAYER_PUBLIC} PRIVATE modernbert_flags ${LAYER_PRIVATE})
endfunction()
