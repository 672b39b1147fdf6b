/*===- StaticHash.c - XXH3 from the static library ------------------------===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Debian's static xxHash lacks the functions that pick a variant by the processor, which UWTSupport
|* calls. uwt-bench hashes little and does with the plain ones, so that it needs no shared library.
|*
\*===----------------------------------------------------------------------===*/

#include <xxhash.h>

XXH64_hash_t XXH3_64bits_dispatch(const void *input, size_t length);
XXH_errorcode XXH3_64bits_update_dispatch(XXH3_state_t *state, const void *input, size_t length);

XXH64_hash_t XXH3_64bits_dispatch(const void *input, size_t length) {
  return XXH3_64bits(input, length);
}

XXH_errorcode XXH3_64bits_update_dispatch(XXH3_state_t *state, const void *input, size_t length) {
  return XXH3_64bits_update(state, input, length);
}
