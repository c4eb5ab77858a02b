// SPDX-License-Identifier: Apache-2.0
// Queues.
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

/// Chase and Lev, "Dynamic circular work-stealing deque", SPAA 2005.
class Deque {
 public:
  static constexpr unsigned kSize = 10;
  explicit Deque(Scenario& s)
      : scenario_(&s),
        bottom_(s.word("bottom")),
        top_(s.word("top")),
        items_(s.words("d", kSize)) {}

  void push(std::uint64_t item) const {
    std::uint64_t b = bottom_.load();
    std::uint64_t t = top_.load();
    if (b - t >= kSize) return;
    items_[b % kSize].store(item);
    bottom_.store(b + 1);
  }
  void pop() const {
    std::uint64_t b = bottom_.load();
    bottom_.store(b - 1);
    scenario_->fence();
    std::uint64_t t = top_.load();
    auto length = static_cast<std::int64_t>(b - t);
    if (length > 0) {
      items_[(b - 1) % kSize].load();
      if (length > 1) return;
      top_.compare_exchange(t, t + 1);
    }
    bottom_.store(b);
  }
  void steal() const {
    std::uint64_t t = top_.load();
    scenario_->fence();
    std::uint64_t b = bottom_.load();
    if (static_cast<std::int64_t>(b - t) <= 0) return;
    items_[t % kSize].load();
    top_.compare_exchange(t, t + 1);
  }

 private:
  Scenario* scenario_;
  Word bottom_;
  Word top_;
  Words items_;
};

/// The owner pushes five, pops three, pushes two; each of N thieves steals one.
void chase_lev(Scenario& s, Numbers n) {
  Deque deque(s);
  s.thread("owner", [=] {
    for (unsigned i = 1; i <= 5; ++i) deque.push(i);
    for (unsigned i = 0; i < 3; ++i) deque.pop();
    for (unsigned i = 6; i <= 7; ++i) deque.push(i);
  });
  for (unsigned i = 0; i < n[0]; ++i) s.thread("thief", [=] { deque.steal(); });
}

/// Herlihy and Wing, "Linearizability", TOPLAS 1990: a queue in an array. Who finds nothing up to
/// the end that it saw goes no further.
class HwQueue {
 public:
  explicit HwQueue(Scenario& s) : scenario_(&s), back_(s.word("back")), items_(s.words("q", 4)) {}

  void enqueue(std::uint64_t item) const { items_[back_.fetch_add(1)].store(item); }
  void dequeue() const {
    std::uint64_t back = back_.load();
    std::uint64_t item = 0;
    for (std::uint64_t k = 0; item == 0; ++k) {
      scenario_->assume(k < back);
      item = items_[k].exchange(0);
    }
  }

 private:
  Scenario* scenario_;
  Word back_;
  Words items_;
};

void hwqueue(Scenario& s, Numbers) {
  HwQueue q(s);
  s.daemon("one", [=] {
    q.enqueue(1);
    q.dequeue();
  });
  s.daemon("two", [=] {
    q.enqueue(2);
    q.enqueue(3);
  });
  s.daemon("three", [=] {
    q.dequeue();
    q.enqueue(4);
  });
  s.daemon("four", [=] {
    q.dequeue();
    q.dequeue();
  });
}

/// A number with a count that changes whenever the number is replaced. Number 0 is none.
struct Counted {
  std::uint64_t number;
  std::uint64_t count;

  static Counted from(std::uint64_t word) { return {word & 0xffffffff, word >> 32}; }
  std::uint64_t word() const { return count << 32 | number; }
};

/// Michael and Scott, "Simple, fast, and practical non-blocking and blocking concurrent queue
/// algorithms", PODC 1996. Node 1 is the dummy.
class MsQueue {
 public:
  MsQueue(Scenario& s, unsigned nr_nodes)
      : scenario_(&s),
        head_(s.word("head", 1)),
        tail_(s.word("tail", 1)),
        next_(s.words("next", nr_nodes + 2)),
        value_(s.words("value", nr_nodes + 2)) {}

  void enqueue(unsigned node, std::uint64_t value) const {
    value_[node].store(value);
    next_[node].store(Counted{0, Counted::from(next_[node].load()).count}.word());
    Counted tail{};
    while (!try_append(node, tail)) continue;
    tail_.compare_exchange(tail.word(), Counted{node, tail.count + 1}.word());
  }
  /// A turn that finds the head changed leaves nothing behind, and is an assumption.
  void dequeue() const {
    for (;;) {
      std::uint64_t head_word = head_.load();
      Counted head = Counted::from(head_word);
      Counted tail = Counted::from(tail_.load());
      Counted next = Counted::from(next_[head.number].load());
      scenario_->assume(head_.load() == head_word);
      if (head.number == tail.number) {
        if (next.number == 0) return;
        help(tail, next.number);
      } else {
        value_[next.number].load();
        scenario_->assume(
            head_.compare_exchange(head_word, Counted{next.number, head.count + 1}.word()));
        return;
      }
    }
  }

 private:
  bool try_append(unsigned node, Counted& tail) const {
    tail = Counted::from(tail_.load());
    Counted next = Counted::from(next_[tail.number].load());
    if (tail_.load() != tail.word()) return false;
    if (next.number == 0 &&
        next_[tail.number].compare_exchange(next.word(), Counted{node, next.count + 1}.word())) {
      return true;
    }
    help(tail, Counted::from(next_[tail.number].load()).number);
    return false;
  }
  /// Moves the tail to where it should be, unless another thread has done so.
  void help(Counted tail, std::uint64_t number) const {
    tail_.compare_exchange(tail.word(), Counted{number, tail.count + 1}.word());
  }

  Scenario* scenario_;
  Word head_;
  Word tail_;
  Words next_;
  Words value_;
};

/// N threads put one, then take one.
void ms_queue(Scenario& s, Numbers n) {
  MsQueue queue(s, n[0]);
  for (unsigned i = 0; i < n[0]; ++i) {
    s.daemon("rdwr", [=] {
      queue.enqueue(i + 2, i * 10);
      queue.dequeue();
    });
  }
}

/// FreeBSD's sys/buf_ring.h. A try that fails leaves nothing behind, and is an assumption.
class BufRing {
 public:
  explicit BufRing(Scenario& s)
      : scenario_(&s),
        prod_head_(s.word("prod_head")),
        prod_tail_(s.word("prod_tail")),
        cons_head_(s.word("cons_head")),
        cons_tail_(s.word("cons_tail")),
        ring_(s.words("ring", kSize)) {}

  void enqueue(std::uint64_t item) const {
    std::uint64_t head = prod_head_.load();
    std::uint64_t tail = cons_tail_.load();
    std::uint64_t next = (head + 1) % kSize;
    if (next == tail) return;
    scenario_->assume(prod_head_.compare_exchange(head, next));
    ring_[head].store(item);
    prod_tail_.wait_until(head);
    prod_tail_.store(next);
  }
  /// 0 if there is none.
  std::uint64_t dequeue() const {
    std::uint64_t head = cons_head_.load();
    std::uint64_t tail = prod_tail_.load();
    std::uint64_t next = (head + 1) % kSize;
    if (head == tail) return 0;
    scenario_->assume(cons_head_.compare_exchange(head, next));
    std::uint64_t item = ring_[head].load();
    cons_tail_.wait_until(head);
    cons_tail_.store(next);
    return item;
  }

 private:
  static constexpr unsigned kSize = 8;
  Scenario* scenario_;
  Word prod_head_;
  Word prod_tail_;
  Word cons_head_;
  Word cons_tail_;
  Words ring_;
};

/// N threads put a message, then take one and read it.
void buf_ring(Scenario& s, Numbers n) {
  BufRing ring(s);
  Words message = s.words("message", n[0] + 1);
  for (unsigned i = 1; i <= n[0]; ++i) {
    s.daemon("rdwr", [=, &s] {
      message[i].store(i);
      ring.enqueue(i);
      std::uint64_t taken = ring.dequeue();
      if (taken != 0) s.require(message[taken].load() == taken, "the message is there");
    });
  }
}

constexpr Entry kEntries[] = {
    {"chase-lev", "N", "a work-stealing deque with N thieves", chase_lev},
    {"hwqueue", "", "Herlihy and Wing's queue", hwqueue},
    {"ms-queue", "N", "Michael and Scott's queue", ms_queue},
    {"buf_ring", "N", "FreeBSD's ring of buffers", buf_ring},
};

}  // namespace

std::span<const Entry> queues() { return kEntries; }

}  // namespace classic
