// SPDX-License-Identifier: Apache-2.0
// zap_pte_range against a stale, writable and dirty TLB entry and writeback: a zapper, -DNW=n
// writers on CPUs of their own, -DNC=n cleaners. -DBUGGY: the mapping is forgotten before the TLBs
// are flushed. For model checkers of C11 with pthreads; the same program as bench_classic has.
//
// There is no TLB in C. It is an array here, and a mutex per CPU makes "the entry is valid, so
// store" one step for a flush of that CPU.
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#ifndef NW
#define NW 1
#endif
#ifndef NC
#define NC 1
#endif

static pthread_mutex_t ptl;
static pthread_mutex_t cpu[NW];
static atomic_int tlb[NW];
static atomic_int pte_present, pte_dirty;
static atomic_int mapcount, page_dirty;
static atomic_int data[NW], disk[NW];

static void flush_tlbs(void) {
  for (int i = 0; i < NW; i++) {
    pthread_mutex_lock(&cpu[i]);
    atomic_store(&tlb[i], 0);
    pthread_mutex_unlock(&cpu[i]);
  }
}

static void write_back(void) {
  for (int i = 0; i < NW; i++) atomic_store(&disk[i], atomic_load(&data[i]));
}

static void* zap(void* unused) {
  (void)unused;
  pthread_mutex_lock(&ptl);
  if (atomic_load(&pte_present)) {
    int dirty = atomic_load(&pte_dirty);
    atomic_store(&pte_present, 0);
    atomic_store(&pte_dirty, 0);
    if (dirty) atomic_store(&page_dirty, 1);
#ifdef BUGGY
    atomic_fetch_sub(&mapcount, 1);
    flush_tlbs();
#else
    flush_tlbs();
    atomic_fetch_sub(&mapcount, 1);
#endif
  }
  pthread_mutex_unlock(&ptl);
  return NULL;
}

static void* store(void* arg) {
  long i = (long)arg;
  pthread_mutex_lock(&cpu[i]);
  if (atomic_load(&tlb[i])) atomic_store(&data[i], 1);
  pthread_mutex_unlock(&cpu[i]);
  return NULL;
}

static void* clean(void* unused) {
  (void)unused;
  if (atomic_load(&mapcount) > 0) {
    pthread_mutex_lock(&ptl);
    if (atomic_load(&pte_present)) {
      atomic_store(&pte_dirty, 0);
      flush_tlbs();
      atomic_store(&page_dirty, 1);
    }
    pthread_mutex_unlock(&ptl);
  }
  if (atomic_exchange(&page_dirty, 0)) write_back();
  return NULL;
}

int main(void) {
  pthread_t zapper, writers[NW], cleaners[NC];
  pthread_mutex_init(&ptl, NULL);
  for (int i = 0; i < NW; i++) {
    pthread_mutex_init(&cpu[i], NULL);
    atomic_store(&tlb[i], 1);
  }
  atomic_store(&pte_present, 1);
  atomic_store(&pte_dirty, 1);
  atomic_store(&mapcount, 1);
  pthread_create(&zapper, NULL, zap, NULL);
  for (long i = 0; i < NW; i++) pthread_create(&writers[i], NULL, store, (void*)i);
  for (int i = 0; i < NC; i++) pthread_create(&cleaners[i], NULL, clean, NULL);
  pthread_join(zapper, NULL);
  for (int i = 0; i < NW; i++) pthread_join(writers[i], NULL);
  for (int i = 0; i < NC; i++) pthread_join(cleaners[i], NULL);
  if (atomic_load(&page_dirty)) write_back();
  for (int i = 0; i < NW; i++) assert(atomic_load(&disk[i]) == atomic_load(&data[i]));
  return 0;
}
