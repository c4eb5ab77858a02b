// SPDX-License-Identifier: Apache-2.0
#include "guest/scratch.h"

#include <new>

#include "guest/runtime.h"

namespace mmcheck::guest {

Scratch& Scratch::current() { return Runtime::current()->scratch(); }

void* Scratch::allocate(std::size_t bytes) {
  void* block = ::operator new(bytes);
  blocks_.insert(block);
  return block;
}

void Scratch::release(void* block) {
  blocks_.erase(block);
  ::operator delete(block);
}

void Scratch::clear() {
  for (void* block : blocks_) ::operator delete(block);
  blocks_.clear();
}

}  // namespace mmcheck::guest
