//===- GpuSearch.h - The fastest of a product's kernels ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules of GpuChoice.h say what is usually best. Here all tiles, clusters and rings that could
// be built are predicted, and the best one is taken where the rules' is slower. What decides the
// order of sums is chosen for all formats together, whatever the product's is, so that all have the
// same bits; or for the product's own format, where speed is worth more than those.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_GPUSEARCH_H
#define UWT_COSTMODEL_GPUSEARCH_H

#include "uwt/CostModel/GpuChoice.h"
#include "uwt/CostModel/GpuCost.h"
#include <functional>

namespace uwt {

/// What kernels are predicted with.
struct GpuSearch {
  /// The profile of a kernel of slices of m, whatever its tile, cluster and ring; null where there
  /// is none.
  using ProfileOf = std::function<const KernelProfile *(uint64_t m)>;

  const GpuBoard &board;
  /// Inputs of the product.
  uint64_t k = 0;
  /// Of the formats that are chosen for together, the most important one first.
  std::vector<ProfileOf> formats;
  GpuAssumptions constants = {};
  /// Whether `formats` is the product's own alone: its kernels have all the shared memory that it
  /// leaves, and their sums may be in another order than those of other formats.
  bool isOfOwnFormat = false;
};

/// Profiles of the table for the formats that stand for all in the search: the best run format
/// (uwt/Codec/Codec.h), those whose kernels are much like its, and raw at the end.
GpuSearch tableSearch(const GpuBoard &board, uint64_t k);

/// The search for one product's own format.
GpuSearch ownSearch(const GpuBoard &board, uint64_t k, GpuSearch::ProfileOf profile);

/// The profile of a choice with a ring: `like` is that of a kernel with another tile, cluster and
/// ring; `clusterFences` of one with a cluster.
KernelProfile profileOfChoice(const GpuChoice &choice, const KernelProfile &like,
                              unsigned clusterFences, const GpuAssumptions &constants = {});

/// Predicts a choice with a ring for m rows of x, from a format of the search; nothing where there
/// is no profile, or, where the search is of the product's own format, that of another strategy.
std::optional<GpuPrediction> predictChoice(const GpuProduct &product, const GpuChoice &choice,
                                           uint64_t m, const GpuSearch &search,
                                           const GpuSearch::ProfileOf &profile);

/// The choices that could be built in place of one with a ring for m rows of x: of the same
/// strategy and instruction, since profiles say nothing of others. As long as pins allow, all
/// slices of about the same width, panels, clusters, CTAs of a multiprocessor and k-tiles, with as
/// many stages as fit; `ofAnyFormat` as in BuildableKernels::ringMemory().
std::vector<GpuChoice> otherChoices(const BuildableKernels &kernels, const GpuPins &pins,
                                    const GpuChoice &choice, uint64_t m, bool ofAnyFormat);

/// chooseGpuRanges(), and in place of a kernel with a ring one that is predicted to be faster: the
/// rules' stays where it is not 0.5 % behind, or 1.5 % for the other formats. Kernels without a
/// ring, of strategy shared, and those without a profile are the rules'. Where the format has no
/// room for the ring that all formats would have, it is decoded before (strategy buffer). Errors:
/// those of chooseGpuRanges().
Expected<std::vector<GpuRange>> searchGpuRanges(const BuildableKernels &kernels,
                                                const GpuPins &pins, const GpuSearch &search);

} // namespace uwt

#endif // UWT_COSTMODEL_GPUSEARCH_H
