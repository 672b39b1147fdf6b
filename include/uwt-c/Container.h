/*===- Container.h - Compressed weights in files ------------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Reading containers, plain safetensors files, and folders of either; compressing,
|* decompressing and verifying them. Structs of options begin with their size: later versions
|* have more members, and members that a caller does not know keep their defaults.
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_C_CONTAINER_H
#define UWT_C_CONTAINER_H

#include "uwt-c/Core.h"

#ifdef __cplusplus
extern "C" {
#endif

/*===-----------------------------------------------------------------------------------------===*\
|* Reading
\*===-----------------------------------------------------------------------------------------===*/

typedef struct UWTOpenOptions {
  size_t size;
  /** The model that a file was compressed against, a file or folder, or NULL. */
  const char *base;
  /** Not 0: checksums are not verified when tensors are read. Structure always is. */
  int noCheck;
} UWTOpenOptions;
/** Sets the defaults, of as many members as `size`, sizeof(*options), has. */
UWT_C_API void uwtOpenOptionsInit(UWTOpenOptions *options, size_t size);

/** Open weight files. Immutable: any thread may use it. */
typedef struct UWTContainer UWTContainer;
/** Opens a file, or all weight files of a folder, compressed or plain. `options` may be NULL. */
UWT_C_API UWTError *uwtContainerOpen(const char *path, const UWTOpenOptions *options,
                                     UWTContainer **container);
UWT_C_API void uwtContainerDestroy(UWTContainer *container);

typedef struct UWTTensorInfo {
  const char *name, *dtype;
  size_t rank;
  const uint64_t *shape;
  /** Bytes of the tensor, and bytes that are stored for it. */
  uint64_t bytes, storedBytes;
  /** Text form of its format; NULL for tensors that are stored as they were, in a bundle, or
   * packed: products run from these as from raw ones. */
  const char *format;
} UWTTensorInfo;

/** Bytes of the original files, which decompressing gives back. A small file that means harm may
    stand for any number: compare this with what you have before you decompress or allocate. */
UWT_C_API uint64_t uwtContainerOriginalBytes(const UWTContainer *container);
/** Bytes of the files themselves. */
UWT_C_API uint64_t uwtContainerFileBytes(const UWTContainer *container);

/** Number of tensors. */
UWT_C_API size_t uwtContainerSize(const UWTContainer *container);
/** Tensor `index`, below uwtContainerSize, in the order of the files' headers. */
UWT_C_API UWTError *uwtContainerTensor(const UWTContainer *container, size_t index,
                                       UWTTensorInfo *info);
/** The path of the file that has tensor `index`; lives as long as the container. Of a folder the
    files of its model count (docs/container.md, "Which tensor a name is"). */
UWT_C_API UWTError *uwtContainerTensorFile(const UWTContainer *container, size_t index,
                                           const char **path);
/** The tensor of that name, else an error that suggests another one. */
UWT_C_API UWTError *uwtContainerFind(const UWTContainer *container, const char *name,
                                     UWTTensorInfo *info);

/** Number of entries of the originals' own metadata (`__metadata__`), file by file. */
UWT_C_API size_t uwtContainerMetadataSize(const UWTContainer *container);
/** Gives entry `index`: UTF-8, alive as long as the container. A value that holds a NUL is an error
    of kind UWT_ERROR_INVALID. */
UWT_C_API UWTError *uwtContainerMetadata(const UWTContainer *container, size_t index,
                                         const char **key, const char **value);

/** The bytes of a tensor, decoded, into `buffer`, which has exactly its `bytes`. */
UWT_C_API UWTError *uwtContainerRead(UWTContext *context, const UWTContainer *container,
                                     const char *name, void *buffer, uint64_t bytes);

/** Up to the end. */
#define UWT_PART_END UINT64_MAX

/** A part of a tensor. Rows and columns are its last two dimensions; a tensor of rank 1 has rows
    only. Ranges are half-open. */
typedef struct UWTTensorPart {
  size_t size;
  /** Index of the first dimension of three or more, which the part then lacks; -1 for all. */
  int64_t expert;
  uint64_t rowBegin, rowEnd, columnBegin, columnEnd;
  /** Part `rank` of `rankCount` equal ones along rows, or columns where `rankAlongColumns` is not
      0, as tensor parallelism splits: the last ones may have less. 0 for no such split; not
      together with a range of the same dimension. */
  uint64_t rank, rankCount;
  int rankAlongColumns;
} UWTTensorPart;
/** Sets the whole tensor, in as many members as `size`, sizeof(*part), has. */
UWT_C_API void uwtTensorPartInit(UWTTensorPart *part, size_t size);

/** The shape of a part, into `shape`, which has room for the tensor's rank, and its bytes. */
UWT_C_API UWTError *uwtContainerPartShape(const UWTContainer *container, const char *name,
                                          const UWTTensorPart *part, size_t *rank, uint64_t *shape,
                                          uint64_t *bytes);
/** A part, dense and row-major, into `buffer`, which has exactly its bytes. Only the panels that
    hold it are read, checked and decoded. */
UWT_C_API UWTError *uwtContainerReadPart(UWTContext *context, const UWTContainer *container,
                                         const char *name, const UWTTensorPart *part, void *buffer,
                                         uint64_t bytes);

/*===-----------------------------------------------------------------------------------------===*\
|* Weights of quantised checkpoints
|*
|* A quantised checkpoint has codes, scales and maybe zero points in the place of a weight
|* X.weight (docs/quantised.md). The functions above see these tensors, those below what they are
|* together. config.json beside the files says how a checkpoint is quantised.
\*===-----------------------------------------------------------------------------------------===*/

typedef struct UWTQuantizedInfo {
  /** To be set by the caller. */
  size_t size;
  /** All live as long as the container. The recipe is a name such as "gptq", the format says what
      codes mean: "uint<4>, zero=8, scale={1x128, f16}". */
  const char *name, *recipe, *format;
  /** Of the weight; 0 dimensions where it cannot be read. */
  size_t rank;
  const uint64_t *shape;
  /** Names of the tensors that it is made of. */
  size_t partCount;
  const char *const *parts;
  /** Why it cannot be read, or NULL. */
  const char *refusal;
  /** The composition that products run from: the format, or one without what it has of scales that
      are codes themselves. */
  const char *runFormat;
} UWTQuantizedInfo;

/** How many there are: 0 of a checkpoint that is not quantised, or in a way that no recipe knows.
    The first call looks for them, and fails where config.json is damaged. */
UWT_C_API UWTError *uwtContainerQuantizedSize(const UWTContainer *container, size_t *size);
/** Weight `index`, below that number, by name. */
UWT_C_API UWTError *uwtContainerQuantized(const UWTContainer *container, size_t index,
                                          UWTQuantizedInfo *info);
/** Checks that a tensor, as it is, is the model's weight of that name: UWT_ERROR_UNSUPPORTED for
    floats of a folder whose configuration is not understood, and for those beside which there are
    tensors that change what a layer computes (docs/quantised.md). uwtContainerRead gives a tensor's
    bytes in any case: who takes them for a weight asks here. */
UWT_C_API UWTError *uwtContainerCheckPlain(const UWTContainer *container, const char *name);
/** The weight of that name, else an error that suggests another one. */
UWT_C_API UWTError *uwtContainerFindQuantized(const UWTContainer *container, const char *name,
                                              UWTQuantizedInfo *info);

/** The shape of a part of such a weight, into `shape`, which has room for the weight's rank, and
    its bytes as values of `dtype`: "BF16", "F16" or "F32". */
UWT_C_API UWTError *uwtContainerQuantizedPartShape(const UWTContainer *container, const char *name,
                                                   const char *dtype, const UWTTensorPart *part,
                                                   size_t *rank, uint64_t *shape, uint64_t *bytes);
/** The values of a part, rounded once to `dtype`, into `buffer`, which has exactly its bytes. A
    part may be cut anywhere; its tensors are read whole. A NULL part is the weight. */
UWT_C_API UWTError *uwtContainerReadQuantized(UWTContext *context, const UWTContainer *container,
                                              const char *name, const char *dtype,
                                              const UWTTensorPart *part, void *buffer,
                                              uint64_t bytes);

/** Codes of a weight or of a part of one, and the numbers that these share: matrices [n, k], of
    several the rows of one below those of another. Of a weight that lies transposed, which says
    `storage=k_major`, n are its columns. */
typedef struct UWTCodes UWTCodes;
/** Reads them. A part begins and ends at whole groups: another one is an error of kind
    UWT_ERROR_USAGE, which names the nearest that do. So are several matrices whose rows are no
    whole groups. Compositions that no checkpoint of quant_method uwt-codes has are one of kind
    UWT_ERROR_UNSUPPORTED. A NULL part is the weight. */
UWT_C_API UWTError *uwtContainerReadCodes(UWTContext *context, const UWTContainer *container,
                                          const char *name, const UWTTensorPart *part,
                                          UWTCodes **codes);
UWT_C_API void uwtCodesDestroy(UWTCodes *codes);
/** What they mean, `format` of such a checkpoint; lives as long as the codes. */
UWT_C_API const char *uwtCodesFormat(const UWTCodes *codes);
/** Number of tensors: codes, scales, and maybe zero points and offsets. */
UWT_C_API size_t uwtCodesSize(const UWTCodes *codes);
/** Tensor `index`, below that number: the name is "weight", "weight_scale", "weight_zero_point" or
    "weight_offset". `data` points to its bytes, dense and row-major. */
UWT_C_API UWTError *uwtCodesTensor(const UWTCodes *codes, size_t index, UWTTensorInfo *info,
                                   const void **data);

/*===-----------------------------------------------------------------------------------------===*\
|* Whole files and folders
\*===-----------------------------------------------------------------------------------------===*/

typedef struct UWTCompressOptions {
  size_t size;
  /** "best-size", "smallest", "fast", or a format; NULL for best-size. */
  const char *format;
  /** Globs over names of tensors: with `include`, only these are compressed; those of `exclude` are
      not. */
  const char *const *include;
  size_t includeCount;
  const char *const *exclude;
  size_t excludeCount;
  /** What is stored as differences from, or NULL. Decompressing needs it too. */
  const char *base;
  /** Not 0: F32 and F16 tensors of rank 2 and more are rounded to BF16 first, but those that
      `include` and `exclude` leave out, and what quantised weights are made of. */
  int castToBF16;
  /** Not 0: SHA-256 of the originals are recorded. */
  int sha256;
  /** Not 0: what was written is not compared with its source. */
  int noVerify;
  /** Not 0: existing files are replaced. */
  int overwrite;
  /** Not 0: all the work is done, and nothing written. */
  int dryRun;
  UWTProgressCallback progress;
  void *progressUser;
  /** Of a folder, for machines that work on it together: compresses the weight files of shard
      `shard`, from 0, of `shardCount` and writes nothing else; 0 shards for everything. They have
      about the same number of bytes, and may be compressed at the same time, and again. */
  uint64_t shard, shardCount;
  /** Not 0: compresses no weight files, which shards have done, and writes everything else. The
      output then has the bytes that one call for everything gives. */
  int finishShards;
  /** Not 0: a folder is compressed whose index names files that are not there. */
  int incomplete;
  /** Not 0: `castToBF16` rounds tensors of rank 0 and 1 too. */
  int castVectors;
} UWTCompressOptions;
/** Sets the defaults, of as many members as `size`, sizeof(*options), has. */
UWT_C_API void uwtCompressOptionsInit(UWTCompressOptions *options, size_t size);

typedef struct UWTReport {
  /** To be set by the caller. */
  size_t size;
  /** Files of weights, and bytes of all files: of the input, of the output, and what decompressing
      gives back. */
  uint64_t files, inputBytes, outputBytes, originalBytes;
} UWTReport;

/** Compresses a safetensors file or a model folder. `options` and `report` may be NULL. */
UWT_C_API UWTError *uwtCompress(UWTContext *context, const char *input, const char *output,
                                const UWTCompressOptions *options, UWTReport *report);

typedef struct UWTDecompressOptions {
  size_t size;
  /** What would become more than this in all is refused before anything is written; 0 for no
      limit. */
  uint64_t maxBytes;
  /** Not 0: existing files are replaced. */
  int overwrite;
  /** The model that the input was compressed against, or NULL. */
  const char *base;
  UWTProgressCallback progress;
  void *progressUser;
} UWTDecompressOptions;
/** Sets the defaults, of as many members as `size`, sizeof(*options), has. */
UWT_C_API void uwtDecompressOptionsInit(UWTDecompressOptions *options, size_t size);

/** Gives back the original of the compressed file or folder `input`, byte for byte, at `output`;
    checksums are verified before anything is written. `options` and `report` may be NULL. */
UWT_C_API UWTError *uwtDecompress(UWTContext *context, const char *input, const char *output,
                                  const UWTDecompressOptions *options, UWTReport *report);

typedef struct UWTVerifyOptions {
  size_t size;
  /** The model that the input was compressed against, or NULL. */
  const char *base;
  /** The original file or folder to compare every byte with, or NULL. */
  const char *against;
  /** Not 0: every tensor is decoded. Checksums find damage without that. */
  int decode;
  UWTProgressCallback progress;
  void *progressUser;
} UWTVerifyOptions;
/** Sets the defaults, of as many members as `size`, sizeof(*options), has. */
UWT_C_API void uwtVerifyOptionsInit(UWTVerifyOptions *options, size_t size);

/** What is wrong with a file or folder. */
typedef struct UWTFindings UWTFindings;
/** Finds any changed bit of a compressed file or folder. That something was found is no error.
    `options` may be NULL. */
UWT_C_API UWTError *uwtVerify(UWTContext *context, const char *path,
                              const UWTVerifyOptions *options, UWTFindings **findings);
/** How many there are, of which the first 1,000 can be asked for. */
UWT_C_API uint64_t uwtFindingsCount(const UWTFindings *findings);
/** File or tensor, which may be empty, and what is wrong with it. */
UWT_C_API UWTError *uwtFindingsGet(const UWTFindings *findings, size_t index, const char **where,
                                   const char **message);
UWT_C_API void uwtFindingsDestroy(UWTFindings *findings);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_CONTAINER_H */
