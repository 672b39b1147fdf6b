# Installs the build into an empty prefix and builds a program against it, as a user
# would, from nothing but find_package. Fails with the failing command's output.

function(run)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "OUTPUT;EXPECT_FAILURE" "COMMAND")
  execute_process(COMMAND ${ARG_COMMAND}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(ARG_EXPECT_FAILURE)
    if(result EQUAL 0)
      message(FATAL_ERROR "expected to fail: ${ARG_COMMAND}")
    endif()
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    string(FIND "${output}" "${ARG_EXPECT_FAILURE}" position)
    if(position EQUAL -1)
      message(FATAL_ERROR "expected '${ARG_EXPECT_FAILURE}' in:\n${output}")
    endif()
  elseif(NOT result EQUAL 0)
    list(JOIN ARG_COMMAND " " command)
    message(FATAL_ERROR "failed: ${command}\n${output}")
  endif()
endfunction()

set(configure "${CMAKE_COMMAND}" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix"
  "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" "-DCMAKE_C_COMPILER=${C_COMPILER}")

file(REMOVE_RECURSE "${WORK_DIR}")
run(COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${WORK_DIR}/prefix")
run(COMMAND ${configure} -S "${CONSUMER_DIR}" -B "${WORK_DIR}/consumer")
run(COMMAND "${CMAKE_COMMAND}" --build "${WORK_DIR}/consumer")
run(COMMAND "${WORK_DIR}/consumer/consumer")

if(NOT EMBEDDING_DIR)
  run(COMMAND ${configure} -S "${CONSUMER_DIR}" -B "${WORK_DIR}/refused" -DCOMPONENT=compiler
    EXPECT_FAILURE "was built without its component 'compiler'")
  return()
endif()
# Programs that compile, through C++ and through C, and the installed tool's compiler.
run(COMMAND ${configure} -S "${EMBEDDING_DIR}" -B "${WORK_DIR}/embedding")
run(COMMAND "${CMAKE_COMMAND}" --build "${WORK_DIR}/embedding")
run(COMMAND "${WORK_DIR}/embedding/embedding")
set(uwt "${WORK_DIR}/prefix/bin/uwt")
run(COMMAND ${MAKE_WEIGHTS} "${WORK_DIR}/model.safetensors")
run(COMMAND "${uwt}" compress "${WORK_DIR}/model.safetensors")
run(COMMAND "${WORK_DIR}/embedding/embedding-c" "${WORK_DIR}/model.uwt.safetensors"
  mixed.weight 192 128)
run(COMMAND "${uwt}" emit-ir "${WORK_DIR}/model.uwt.safetensors" --layers mixed.weight
  -o "${WORK_DIR}/mixed.mlir")
run(COMMAND "${uwt}" compile "${WORK_DIR}/mixed.mlir" --weights
  "${WORK_DIR}/model.uwt.safetensors")
