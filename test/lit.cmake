# The lit suites, of the tool and of IR.

find_program(UWT_LIT NAMES lit-22 lit llvm-lit)
find_program(UWT_FILECHECK NAMES FileCheck-22 FileCheck HINTS /usr/lib/llvm-22/bin)
if(NOT UWT_LIT OR NOT UWT_FILECHECK)
  message(STATUS "lit or FileCheck not found: no lit tests (install llvm-22-tools)")
  return()
endif()
cmake_path(GET UWT_FILECHECK PARENT_PATH UWT_LLVM_TOOLS_DIR)

# The tests' Python is the virtual environment of tools/test.sh where there is one:
# it has numpy and safetensors.
find_program(UWT_TEST_PYTHON python3
  PATHS "${PROJECT_SOURCE_DIR}/.venv/bin" NO_DEFAULT_PATH)
if(NOT UWT_TEST_PYTHON)
  set(UWT_TEST_PYTHON "${Python3_EXECUTABLE}")
endif()

configure_file("${PROJECT_SOURCE_DIR}/test/lit.site.cfg.py.in"
  "${PROJECT_BINARY_DIR}/test/lit.site.cfg.py" @ONLY)
add_test(NAME lit COMMAND "${UWT_LIT}" -sv "${PROJECT_BINARY_DIR}/test")
set_tests_properties(lit PROPERTIES LABELS lit)
