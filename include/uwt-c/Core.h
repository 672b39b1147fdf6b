/*===- Core.h - Errors, contexts, tensors -------------------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* The C API. Objects are opaque and belong to whoever created them; each has a
|* destroy function, which takes NULL too. Functions that can fail return NULL, or an
|* error that the caller destroys. Nothing throws, also where memory is out. A pointer that must
|* not be NULL, and is, is an error of kind UWT_ERROR_USAGE; only what is said to be so may be NULL.
|* Functions without an error give 0 or NULL for an object that is NULL, and for an index that is
|* too large. Pointers that point to something else than they should cannot be found out.
|* The only state of the process is a signal handler (uwtCatchReadFaults).
|* Text is UTF-8 and ends in a zero; pointers that a function gives into an object
|* live as long as the object does.
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_C_CORE_H
#define UWT_C_CORE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define UWT_C_API __attribute__((visibility("default")))
#else
#define UWT_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that runs, as major * 10000 + minor * 100 + patch. */
UWT_C_API unsigned uwtVersion(void);

/** What went wrong; the values are the exit codes of the command-line tool. */
typedef enum UWTErrorKind {
  /** What a NULL error has. */
  UWT_ERROR_NONE = 0,
  UWT_ERROR_DIFFERS = 1,
  UWT_ERROR_USAGE = 2,
  UWT_ERROR_INVALID = 3,
  UWT_ERROR_IO = 4,
  UWT_ERROR_UNSUPPORTED = 5,
  UWT_ERROR_INTERRUPTED = 130
} UWTErrorKind;

typedef struct UWTError UWTError;
/** An error of a library over this one. `message` is copied; NULL is no message. */
UWT_C_API UWTError *uwtErrorCreate(UWTErrorKind kind, const char *message);
UWT_C_API UWTErrorKind uwtErrorKind(const UWTError *error);
/** One sentence in lower case, without a final period. */
UWT_C_API const char *uwtErrorMessage(const UWTError *error);
UWT_C_API void uwtErrorDestroy(UWTError *error);

/** Files are read through mappings: one that is cut short meanwhile, or that the disk does not
    give, raises SIGBUS. Opening the first file installs a handler, and such a read becomes an error
    of kind UWT_ERROR_IO; signals of other mappings go to the handler that was there before. With 0,
    called before the first file is opened, none is installed, and such reads end the process. */
UWT_C_API void uwtCatchReadFaults(int wanted);

/** Threads, log and, where programs are compiled, their cache. Its functions may be called from
    several threads at a time; parallel loops of two calls do not run on the same threads at once.
 */
typedef struct UWTContext UWTContext;
/** `threads` = 0 means one a processor; 1 runs everything on the caller's thread. */
UWT_C_API UWTError *uwtContextCreate(unsigned threads, UWTContext **context);
/** Runs `body(context)` on `threads` threads at once, the caller's among them, or on fewer, and
    returns when all have. GOMP_parallel of the OpenMP runtimes libgomp and libiomp5 has this type;
    `flags` are 0. */
typedef void (*UWTThreadTeam)(void (*body)(void *context), void *context, unsigned threads,
                              unsigned flags);
/** A context whose loops run on somebody else's threads: a program that has threads of its own,
    which wait for work as ours do, gets no others beside them. In a process that was forked it has
    threads of its own. */
UWT_C_API UWTError *uwtContextCreateOnTeam(unsigned threads, UWTThreadTeam team,
                                           UWTContext **context);
/** To be called after everything that was made with the context has been destroyed. */
UWT_C_API void uwtContextDestroy(UWTContext *context);

/** Gets remarks and warnings, one line each, on the thread that makes them. */
typedef void (*UWTLogCallback)(void *user, const char *message);
/** Without one (NULL) nothing is logged. Not while other functions use the context. */
UWT_C_API void uwtContextSetLog(UWTContext *context, UWTLogCallback callback, void *user);

/** For libraries over this one, such as libuwt-compiler: the number and the team that a context was
    made with (NULL for threads of its own, as in a process that was forked), a line for its log,
   and what they keep with it. */
UWT_C_API unsigned uwtContextThreads(const UWTContext *context);
UWT_C_API UWTThreadTeam uwtContextTeam(const UWTContext *context);
UWT_C_API void uwtContextLog(const UWTContext *context, const char *message);
/** Gives what was kept for `key`, any address of the library's; the first time, what `make` gives,
    which `destroy` gets together with the context. One thread makes it, others wait. */
UWT_C_API UWTError *uwtContextKeep(UWTContext *context, const void *key,
                                   UWTError *(*make)(UWTContext *context, void **kept),
                                   void (*destroy)(void *kept), void **kept);

/** Called on the caller's thread while a function works, with the bytes of originals that are done
   and their number; not 0 stops the work, which then fails with UWT_ERROR_INTERRUPTED and leaves
    nothing half-written. */
typedef int (*UWTProgressCallback)(void *user, uint64_t done, uint64_t total);

/** A tensor of the caller's, or a view of a result. */
typedef struct UWTTensor {
  /** As in safetensors: "BF16", "F32", "I64". */
  const char *dtype;
  size_t rank;
  const uint64_t *shape;
  /** Steps along the dimensions in elements, or NULL for dense row-major tensors. */
  const int64_t *strides;
  const void *data;
} UWTTensor;

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_CORE_H */
