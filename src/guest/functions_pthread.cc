// SPDX-License-Identifier: Apache-2.0
// POSIX threads. What waits is a word in the guest's object; the rest of the object is as in the C
// library, whose initialisers are zeros.
#include <pthread.h>
#include <semaphore.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "guest/guest_function.h"

namespace mmcheck::guest {

// --- threads
// --------------------------------------------------------------------------------------

GUEST(int, pthread_create, pthread_t* thread, const pthread_attr_t*, void* (*start)(void*),
      void* argument) {
  const unsigned number = runtime().create(start, argument, PLACE);
  guest::put(thread, static_cast<pthread_t>(number), PLACE);
  return 0;
}
GUEST(int, pthread_join, pthread_t thread, void** result) {
  void* returned = runtime().join(static_cast<unsigned>(thread), PLACE);
  if (result != nullptr) guest::put(result, returned, PLACE);
  return 0;
}
GUEST(void, pthread_exit, void* result) { runtime().exit_thread(result); }
GUEST(pthread_t, pthread_self, ) { return runtime().self(); }
GUEST(int, pthread_equal, pthread_t a, pthread_t b) { return a == b ? 1 : 0; }
GUEST(int, pthread_detach, pthread_t) { return 0; }
GUEST(int, pthread_yield, ) { return 0; }
GUEST(int, pthread_attr_init, pthread_attr_t*) { return 0; }
GUEST(int, pthread_attr_destroy, pthread_attr_t*) { return 0; }
GUEST(int, pthread_attr_setdetachstate, pthread_attr_t*, int) { return 0; }
GUEST(int, pthread_attr_setstacksize, pthread_attr_t*, std::size_t) { return 0; }
GUEST(int, pthread_setconcurrency, int) { return 0; }

// --- mutexes: the first word holds the owner's number + 1
// -----------------------------------------

namespace {

Runtime::Word word_of(const volatile void* object, unsigned bytes = 4) {
  return {guest::address_of(object), bytes};
}

int kind_of(const pthread_mutex_t* mutex) { return mutex->__data.__kind & 3; }

std::uint64_t own_mark() { return runtime().self() + 1; }

/// How often its owner has locked a recursive mutex besides.
unsigned& depth_of(pthread_mutex_t* mutex) { return mutex->__data.__count; }

bool is_own(const pthread_mutex_t* mutex) {
  return static_cast<std::uint64_t>(mutex->__data.__lock) == own_mark();
}

int lock(pthread_mutex_t* mutex, Place place) {
  runtime().check_object(mutex, sizeof *mutex, place);
  if (kind_of(mutex) != PTHREAD_MUTEX_NORMAL && is_own(mutex)) {
    if (kind_of(mutex) == PTHREAD_MUTEX_ERRORCHECK) return EDEADLK;
    runtime().set(depth_of(mutex), depth_of(mutex) + 1);
    return 0;
  }
  runtime().update_word(word_of(mutex), {.mask = 0xffffffff, .expected = 0}, place,
                        [](std::uint64_t) { return own_mark(); });
  return 0;
}

int unlock(pthread_mutex_t* mutex, Place place) {
  runtime().check_object(mutex, sizeof *mutex, place);
  if (!is_own(mutex) && kind_of(mutex) != PTHREAD_MUTEX_NORMAL) return EPERM;
  if (depth_of(mutex) > 0 && kind_of(mutex) == PTHREAD_MUTEX_RECURSIVE) {
    runtime().set(depth_of(mutex), depth_of(mutex) - 1);
    return 0;
  }
  const std::uint64_t owner = runtime().update_word(word_of(mutex), {}, place,
                                                    [](std::uint64_t) { return std::uint64_t{0}; });
  if (owner == own_mark()) return 0;
  const auto what = [&] {
    return runtime().where(place.code) + ": unlocks a mutex that " +
           (owner == 0 ? "is not locked" : "another thread has locked");
  };
  runtime().violate("R-LOCK", what, "who unlocks a mutex has locked it");
}

}  // namespace

GUEST(int, pthread_mutex_init, pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) {
  runtime().store_range(mutex, sizeof *mutex, PLACE);
  std::memset(mutex, 0, sizeof *mutex);
  if (attributes != nullptr) std::memcpy(&mutex->__data.__kind, attributes, sizeof(int));
  return 0;
}
GUEST(int, pthread_mutex_destroy, pthread_mutex_t*) { return 0; }
GUEST(int, pthread_mutex_lock, pthread_mutex_t* mutex) { return lock(mutex, PLACE); }
GUEST(int, pthread_mutex_unlock, pthread_mutex_t* mutex) { return unlock(mutex, PLACE); }
GUEST(int, pthread_mutex_trylock, pthread_mutex_t* mutex) {
  if (kind_of(mutex) == PTHREAD_MUTEX_RECURSIVE && is_own(mutex)) return lock(mutex, PLACE);
  const std::uint64_t owner = runtime().update_word(
      word_of(mutex), {}, PLACE, [](std::uint64_t old) { return old == 0 ? own_mark() : old; });
  return owner == 0 ? 0 : EBUSY;
}
GUEST(int, pthread_mutexattr_init, pthread_mutexattr_t* attributes) {
  guest::put(reinterpret_cast<int*>(attributes), 0, PLACE);
  return 0;
}
GUEST(int, pthread_mutexattr_destroy, pthread_mutexattr_t*) { return 0; }
GUEST(int, pthread_mutexattr_settype, pthread_mutexattr_t* attributes, int kind) {
  guest::put(reinterpret_cast<int*>(attributes), kind, PLACE);
  return 0;
}
GUEST(int, pthread_mutexattr_setpshared, pthread_mutexattr_t*, int) { return 0; }

// --- condition variables: a bit for each thread that waits, and 32 above it one for each that may
// go on
// --------------------------------------------------------------------------------------------

namespace {
constexpr std::uint64_t kWaiting = 0xffffffff;
}

GUEST(int, pthread_cond_init, pthread_cond_t* condition, const pthread_condattr_t*) {
  runtime().store_range(condition, sizeof *condition, PLACE);
  std::memset(condition, 0, sizeof *condition);
  return 0;
}
GUEST(int, pthread_cond_destroy, pthread_cond_t*) { return 0; }
GUEST(int, pthread_cond_wait, pthread_cond_t* condition, pthread_mutex_t* mutex) {
  const std::uint64_t bit = std::uint64_t{1} << runtime().self();
  runtime().update_word(word_of(mutex), {}, PLACE, [](std::uint64_t) { return std::uint64_t{0}; });
  runtime().update_word_too(word_of(condition, 8), PLACE,
                            [bit](std::uint64_t old) { return old | bit; });
  runtime().update_word(word_of(condition, 8), {.mask = bit << 32, .expected = bit << 32}, PLACE,
                        [bit](std::uint64_t old) { return old & ~(bit << 32); });
  return lock(mutex, PLACE);
}
GUEST(int, pthread_cond_signal, pthread_cond_t* condition) {
  const unsigned thread = runtime().choose_bit(word_of(condition, 8), kWaiting, PLACE);
  if (thread == 64) return 0;
  const std::uint64_t bit = std::uint64_t{1} << thread;
  runtime().update_word_too(word_of(condition, 8), PLACE,
                            [bit](std::uint64_t old) { return (old & ~bit) | bit << 32; });
  return 0;
}
GUEST(int, pthread_cond_broadcast, pthread_cond_t* condition) {
  runtime().update_word(word_of(condition, 8), {}, PLACE, [](std::uint64_t old) {
    return (old & ~kWaiting) | (old & kWaiting) << 32;
  });
  return 0;
}

// --- readers-writer locks: the number of readers, or kWriter
// ----------------------------------------

namespace {
constexpr std::uint64_t kWriter = 0x80000000;
constexpr Runtime::Wait kNoWriter{.mask = kWriter, .expected = 0};
constexpr Runtime::Wait kNobody{.mask = 0xffffffff, .expected = 0};
}  // namespace

GUEST(int, pthread_rwlock_init, pthread_rwlock_t* lock, const pthread_rwlockattr_t*) {
  runtime().store_range(lock, sizeof *lock, PLACE);
  std::memset(lock, 0, sizeof *lock);
  return 0;
}
GUEST(int, pthread_rwlock_destroy, pthread_rwlock_t*) { return 0; }
GUEST(int, pthread_rwlock_rdlock, pthread_rwlock_t* lock) {
  runtime().update_word(word_of(lock), kNoWriter, PLACE, [](std::uint64_t old) { return old + 1; });
  return 0;
}
GUEST(int, pthread_rwlock_wrlock, pthread_rwlock_t* lock) {
  runtime().update_word(word_of(lock), kNobody, PLACE, [](std::uint64_t) { return kWriter; });
  return 0;
}
GUEST(int, pthread_rwlock_tryrdlock, pthread_rwlock_t* lock) {
  const std::uint64_t old = runtime().update_word(
      word_of(lock), {}, PLACE, [](std::uint64_t now) { return now == kWriter ? now : now + 1; });
  return old == kWriter ? EBUSY : 0;
}
GUEST(int, pthread_rwlock_trywrlock, pthread_rwlock_t* lock) {
  const std::uint64_t old = runtime().update_word(
      word_of(lock), {}, PLACE, [](std::uint64_t now) { return now == 0 ? kWriter : now; });
  return old == 0 ? 0 : EBUSY;
}
GUEST(int, pthread_rwlock_unlock, pthread_rwlock_t* lock) {
  runtime().update_word(word_of(lock), {}, PLACE, [](std::uint64_t now) {
    return now == kWriter || now == 0 ? std::uint64_t{0} : now - 1;
  });
  return 0;
}

// --- spin locks, barriers, once, semaphores
// ---------------------------------------------------------

GUEST(int, pthread_spin_init, pthread_spinlock_t* lock, int) {
  guest::put(const_cast<int*>(lock), 0, PLACE);
  return 0;
}
GUEST(int, pthread_spin_destroy, pthread_spinlock_t*) { return 0; }
GUEST(int, pthread_spin_lock, pthread_spinlock_t* lock) {
  runtime().update_word(word_of(lock), kNobody, PLACE, [](std::uint64_t) { return own_mark(); });
  return 0;
}
GUEST(int, pthread_spin_trylock, pthread_spinlock_t* lock) {
  const std::uint64_t old = runtime().update_word(
      word_of(lock), {}, PLACE, [](std::uint64_t now) { return now == 0 ? own_mark() : now; });
  return old == 0 ? 0 : EBUSY;
}
GUEST(int, pthread_spin_unlock, pthread_spinlock_t* lock) {
  runtime().update_word(word_of(lock), {}, PLACE, [](std::uint64_t) { return std::uint64_t{0}; });
  return 0;
}

namespace {
/// In a pthread_barrier_t.
struct Barrier {
  std::uint64_t word;  ///< how many have come; 32 bits above it: how often it has opened
  unsigned count;
};
constexpr std::uint64_t kOpened = std::uint64_t{1} << 32;
}  // namespace

GUEST(int, pthread_barrier_init, pthread_barrier_t* object, const pthread_barrierattr_t*,
      unsigned count) {
  if (count == 0) return EINVAL;
  guest::put(reinterpret_cast<Barrier*>(object), {0, count}, PLACE);
  return 0;
}
GUEST(int, pthread_barrier_destroy, pthread_barrier_t*) { return 0; }
GUEST(int, pthread_barrier_wait, pthread_barrier_t* object) {
  auto* barrier = reinterpret_cast<Barrier*>(object);
  const unsigned count = barrier->count;
  const std::uint64_t old =
      runtime().update_word(word_of(barrier, 8), {}, PLACE, [count](std::uint64_t now) {
        const bool last = (now & 0xffffffff) + 1 == count;
        return last ? (now & ~std::uint64_t{0xffffffff}) + kOpened : now + 1;
      });
  if ((old & 0xffffffff) + 1 == count) return PTHREAD_BARRIER_SERIAL_THREAD;
  const std::uint64_t opened = ~std::uint64_t{0xffffffff};
  runtime().update_word(word_of(barrier, 8),
                        {.mask = opened, .expected = old & opened, .negated = true}, PLACE,
                        [](std::uint64_t now) { return now; });
  return 0;
}

GUEST(int, pthread_once, pthread_once_t* control, void (*routine)()) {
  enum State : std::uint64_t { kNotYet, kRuns, kDone };
  const std::uint64_t old = runtime().update_word(
      word_of(control), {.mask = 0xffffffff, .expected = kRuns, .negated = true}, PLACE,
      [](std::uint64_t now) { return now == kNotYet ? std::uint64_t{kRuns} : now; });
  if (old != kNotYet) return 0;
  routine();
  runtime().update_word(word_of(control), {}, PLACE,
                        [](std::uint64_t) { return std::uint64_t{kDone}; });
  return 0;
}

GUEST(int, sem_init, sem_t* semaphore, int, unsigned value) {
  guest::put(reinterpret_cast<unsigned*>(semaphore), value, PLACE);
  return 0;
}
GUEST(int, sem_destroy, sem_t*) { return 0; }
GUEST(int, sem_wait, sem_t* semaphore) {
  runtime().update_word(word_of(semaphore), {.mask = 0xffffffff, .expected = 0, .negated = true},
                        PLACE, [](std::uint64_t now) { return now - 1; });
  return 0;
}
GUEST(int, sem_post, sem_t* semaphore) {
  runtime().update_word(word_of(semaphore), {}, PLACE, [](std::uint64_t now) { return now + 1; });
  return 0;
}

// --- values by thread
// -----------------------------------------------------------------------------

GUEST(int, pthread_key_create, pthread_key_t* key, void (*destructor)(void*)) {
  if (destructor != nullptr) runtime().unsupported("destructors of keys are not supported", PLACE);
  Runtime::Keys& keys = runtime().keys();
  if (keys.used == Runtime::kKeysMax) return EAGAIN;
  const unsigned number = keys.used;
  runtime().set(keys.used, number + 1);
  guest::put(key, number, PLACE);
  return 0;
}
GUEST(int, pthread_key_delete, pthread_key_t) { return 0; }
GUEST(void*, pthread_getspecific, pthread_key_t key) {
  return key < Runtime::kKeysMax ? runtime().keys().values[runtime().self()][key] : nullptr;
}
GUEST(int, pthread_setspecific, pthread_key_t key, const void* value) {
  if (key >= Runtime::kKeysMax) return EINVAL;
  runtime().effect();
  runtime().set(runtime().keys().values[runtime().self()][key], const_cast<void*>(value));
  return 0;
}

void link_pthread_functions() {}

}  // namespace mmcheck::guest
