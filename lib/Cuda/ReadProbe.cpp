//===- ReadProbe.cpp - How fast a GPU only reads --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/ReadProbe.h"
#include "CudaError.h"
#include <array>

using namespace uwt;
using namespace uwt::cuda;

static constexpr unsigned probeThreads = 256, probeCtas = 8;

// %d2 is the thread's next 16 bytes, %d3 all threads' number: neighbours read neighbours, and four
// loads are on their way at a time.
static constexpr std::string_view probeText = R"(
.version 7.4
.target sm_80
.address_size 64
.visible .entry uwt_read_probe(.param .u64 base, .param .u64 count, .param .u64 sink)
{
  .reg .pred %p<2>;
  .reg .b32 %r<8>, %v<17>;
  .reg .b64 %d<14>;
  ld.param.u64 %d0, [base];
  cvta.to.global.u64 %d0, %d0;
  ld.param.u64 %d1, [count];
  mov.u32 %r0, %ctaid.x;
  mov.u32 %r1, %ntid.x;
  mov.u32 %r2, %tid.x;
  mov.u32 %r3, %nctaid.x;
  mul.wide.u32 %d2, %r0, %r1;
  cvt.u64.u32 %d4, %r2;
  add.u64 %d2, %d2, %d4;
  mul.wide.u32 %d3, %r3, %r1;
  shl.b64 %d5, %d3, 4;
  mul.lo.u64 %d6, %d3, 3;
  mov.u32 %v16, 0;
four:
  add.u64 %d7, %d2, %d6;
  setp.ge.u64 %p0, %d7, %d1;
  @%p0 bra one;
  shl.b64 %d8, %d2, 4;
  add.u64 %d8, %d0, %d8;
  add.u64 %d9, %d8, %d5;
  add.u64 %d10, %d9, %d5;
  add.u64 %d11, %d10, %d5;
  ld.global.nc.L1::no_allocate.v4.u32 {%v0, %v1, %v2, %v3}, [%d8];
  ld.global.nc.L1::no_allocate.v4.u32 {%v4, %v5, %v6, %v7}, [%d9];
  ld.global.nc.L1::no_allocate.v4.u32 {%v8, %v9, %v10, %v11}, [%d10];
  ld.global.nc.L1::no_allocate.v4.u32 {%v12, %v13, %v14, %v15}, [%d11];
  xor.b32 %v0, %v0, %v1;
  xor.b32 %v2, %v2, %v3;
  xor.b32 %v4, %v4, %v5;
  xor.b32 %v6, %v6, %v7;
  xor.b32 %v8, %v8, %v9;
  xor.b32 %v10, %v10, %v11;
  xor.b32 %v12, %v12, %v13;
  xor.b32 %v14, %v14, %v15;
  xor.b32 %v0, %v0, %v2;
  xor.b32 %v4, %v4, %v6;
  xor.b32 %v8, %v8, %v10;
  xor.b32 %v12, %v12, %v14;
  xor.b32 %v0, %v0, %v4;
  xor.b32 %v8, %v8, %v12;
  xor.b32 %v0, %v0, %v8;
  xor.b32 %v16, %v16, %v0;
  shl.b64 %d12, %d3, 2;
  add.u64 %d2, %d2, %d12;
  bra four;
one:
  setp.ge.u64 %p0, %d2, %d1;
  @%p0 bra done;
  shl.b64 %d8, %d2, 4;
  add.u64 %d8, %d0, %d8;
  ld.global.nc.L1::no_allocate.v4.u32 {%v0, %v1, %v2, %v3}, [%d8];
  xor.b32 %v0, %v0, %v1;
  xor.b32 %v2, %v2, %v3;
  xor.b32 %v0, %v0, %v2;
  xor.b32 %v16, %v16, %v0;
  add.u64 %d2, %d2, %d3;
  bra one;
done:
  setp.ne.u32 %p1, %v16, 0x9E3779B9;
  @%p1 bra end;
  ld.param.u64 %d13, [sink];
  cvta.to.global.u64 %d13, %d13;
  st.global.u32 [%d13], %v16;
end:
  ret;
}
)";

std::string_view ReadProbe::ptx() { return probeText; }

Expected<ReadProbe> ReadProbe::create(CudaDevicePtr device) {
  ReadProbe probe;
  UWT_ASSIGN_OR_RETURN(probe.sink, DeviceBuffer::allocate(device, 256));
  // With the literal's own zero byte at its end.
  std::span<const uint8_t> text(reinterpret_cast<const uint8_t *>(probeText.data()),
                                probeText.size() + 1);
  UWT_ASSIGN_OR_RETURN(probe.code, CudaModule::load(std::move(device), text));
  UWT_ASSIGN_OR_RETURN(probe.function, probe.code->function("uwt_read_probe"));
  return probe;
}

Status ReadProbe::launch(uint64_t address, uint64_t bytes, void *stream) const {
  if (address % 16 != 0 || bytes % 16 != 0)
    return usageError("a read probe takes addresses and sizes in multiples of 16 bytes, got " +
                      std::to_string(bytes) + " at " + std::to_string(address));
  const CudaDevice &device = *code->device();
  std::array<uint64_t, 3> values = {address, bytes / 16, sink.address()};
  std::array<void *, 3> parameters = {&values[0], &values[1], &values[2]};
  CudaLaunchConfig config{device.properties().multiprocessors * probeCtas,
                          1,
                          1,
                          probeThreads,
                          1,
                          1,
                          0,
                          stream,
                          nullptr,
                          0};
  return callOn(device, "cuLaunchKernelEx of uwt_read_probe", [&](const DriverFunctions &f) {
    return f.cuLaunchKernelEx(&config, function, parameters.data(), nullptr);
  });
}
