// region := span*                         from mmap, never unmapped
// span   := header object* unused         64 KiB at a multiple of 64 KiB: an object's address leads to its span
// object := free: next | in use: the caller's bytes
//
// Each thread keeps a few free objects of each size (a bin). It takes and returns them in batches, so that the locks,
// one for each size, are seldom taken.
#include "kvs/slab.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace kvs::slab {

namespace {

constexpr std::size_t grain = 8;  // sizes are multiples of it
constexpr std::size_t classes = largest / grain + 1;
constexpr std::size_t span_bytes = 64 * 1024;
constexpr std::size_t small_page = 4 * 1024;
constexpr std::size_t large_page = 2 * 1024 * 1024;
constexpr std::size_t first_region = large_page;  // with pages as small as they come: an idle server stays small
constexpr std::size_t next_region = 16 * large_page;
constexpr std::size_t spans_kept = 256;  // unused ones beyond these give their memory back

struct Object {
  Object* next;
};

struct Span {
  std::uint32_t object_bytes;
  std::uint32_t live;  // objects handed out, to callers or bins
  Object* free;        // returned ones
  char* fresh;         // from here on nothing was handed out yet: those pages need not exist
  Span* previous;
  Span* next;  // in its class's list of spans with room; among the unused ones

  char* begin() { return reinterpret_cast<char*>(this + 1); }
  bool has_fresh() { return fresh + object_bytes <= reinterpret_cast<char*>(this) + span_bytes; }
  bool has_room() { return free != nullptr || has_fresh(); }

  Object* take() {
    ++live;
    if (free != nullptr) {
      Object* object = free;
      free = object->next;
      return object;
    }
    auto* object = reinterpret_cast<Object*>(fresh);
    fresh += object_bytes;
    return object;
  }

  static Span* of(const void* object) {
    return reinterpret_cast<Span*>(reinterpret_cast<std::uintptr_t>(object) & ~(span_bytes - 1));
  }
};

// Spans linked in both directions.
class SpanList {
 public:
  Span* first() const { return first_; }

  void add(Span* span) {
    span->previous = nullptr;
    span->next = first_;
    if (first_ != nullptr) first_->previous = span;
    first_ = span;
  }

  void remove(Span* span) {
    (span->previous != nullptr ? span->previous->next : first_) = span->next;
    if (span->next != nullptr) span->next->previous = span->previous;
  }

 private:
  Span* first_ = nullptr;
};

// Memory that belongs to no size at the moment.
class Unused {
 public:
  Span* take() {
    const std::scoped_lock lock(mutex_);
    if (Span* span = take_from(kept_)) {
      --kept_count_;
      return span;
    }
    if (Span* span = take_from(returned_)) return span;
    if (begin_ == end_) map_region();
    return reinterpret_cast<Span*>(std::exchange(begin_, begin_ + span_bytes));
  }

  void give(Span* span) noexcept {
    const std::scoped_lock lock(mutex_);
    if (kept_count_ < spans_kept) {
      ++kept_count_;
      kept_.add(span);
      return;
    }
    // All but the page with the links.
    ::madvise(reinterpret_cast<char*>(span) + small_page, span_bytes - small_page, MADV_DONTNEED);
    returned_.add(span);
  }

  std::size_t reserved() {
    const std::scoped_lock lock(mutex_);
    return reserved_;
  }

 private:
  static Span* take_from(SpanList& list) {
    Span* span = list.first();
    if (span != nullptr) list.remove(span);
    return span;
  }

  void map_region() {
    const std::size_t size = reserved_ == 0 ? first_region : next_region;
    // Some more, so that a multiple of the large page is in it; what is around that is never touched.
    void* memory =
        ::mmap(nullptr, size + large_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    const auto address = (reinterpret_cast<std::uintptr_t>(memory) + large_page - 1) & ~(large_page - 1);
    begin_ = reinterpret_cast<char*>(address);
    end_ = begin_ + size;
    if (reserved_ > 0) ::madvise(begin_, size, MADV_HUGEPAGE);  // refused by kernels without: then small ones it is
    reserved_ += size;
  }

  std::mutex mutex_;
  SpanList kept_;
  SpanList returned_;
  std::size_t kept_count_ = 0;
  char* begin_ = nullptr;  // of the newest region's part that was never used
  char* end_ = nullptr;
  std::size_t reserved_ = 0;
};

constinit Unused unused;

// The objects of one size that are in no thread's bin.
class Class {
 public:
  // A list of at most `wanted` objects and at least one; sets `wanted` to their number. Throws std::bad_alloc.
  Object* take(std::size_t object_bytes, std::uint32_t& wanted) {
    const std::scoped_lock lock(mutex_);
    if (with_room_.first() == nullptr) add_span(object_bytes);
    Object* taken = nullptr;
    std::uint32_t count = 0;
    for (Span* span; count < wanted && (span = with_room_.first()) != nullptr; ++count) {
      Object* object = span->take();
      object->next = taken;
      taken = object;
      if (!span->has_room()) with_room_.remove(span);
    }
    wanted = count;
    return taken;
  }

  void give(Object* list) noexcept {
    const std::scoped_lock lock(mutex_);
    while (list != nullptr) {
      Object* object = std::exchange(list, list->next);
      Span* span = Span::of(object);
      if (!span->has_room()) with_room_.add(span);
      object->next = span->free;
      span->free = object;
      // The only span stays: it will be wanted again soon.
      if (--span->live == 0 && (span->previous != nullptr || span->next != nullptr)) {
        with_room_.remove(span);
        unused.give(span);
      }
    }
  }

 private:
  void add_span(std::size_t object_bytes) {
    Span* span = new (unused.take()) Span{};
    span->object_bytes = static_cast<std::uint32_t>(object_bytes);
    span->fresh = span->begin();
    with_room_.add(span);
  }

  std::mutex mutex_;
  SpanList with_room_;
};

constinit std::array<Class, classes> central;

// A thread's free objects of one size.
struct Bin {
  Object* first;
  std::uint32_t count;
  std::uint32_t most;  // 0 before the first use, and again when the thread is ending
};

// Trivial, so that it can be used until the very end of the thread, by the destructors of other thread-local objects
// too.
struct Bins {
  std::array<Bin, classes> of;
  bool closed;
};
constinit thread_local Bins bins{};

// Gives back what a thread that ends still has.
struct Closer {
  ~Closer() {
    bins.closed = true;
    for (std::size_t i = 0; i < classes; ++i) {
      bins.of[i].most = 0;
      central[i].give(std::exchange(bins.of[i].first, nullptr));
      bins.of[i].count = 0;
    }
  }
};

void open(Bin& bin, std::size_t object_bytes) {
  if (bins.closed) return;
  thread_local Closer closer;
  static_cast<void>(closer);
  bin.most = static_cast<std::uint32_t>(std::clamp<std::size_t>(16 * 1024 / object_bytes, 16, 128));
}

std::size_t class_of(std::size_t size) { return size == 0 ? 1 : (size + grain - 1) / grain; }

void* refill(Bin& bin, std::size_t index) {
  if (bin.most == 0) open(bin, index * grain);
  std::uint32_t count = std::max(bin.most / 2, 1u);
  Object* taken = central[index].take(index * grain, count);
  bin.first = taken->next;
  bin.count = count - 1;
  return taken;
}

// A full bin keeps its newest half: that is what is still in the processor's cache.
void spill(Bin& bin, std::size_t index) noexcept {
  if (bin.most == 0) open(bin, index * grain);
  if (bin.count <= bin.most) return;
  Object** end = &bin.first;
  bin.count = bin.most / 2;
  for (std::uint32_t i = 0; i < bin.count; ++i) end = &(*end)->next;
  central[index].give(std::exchange(*end, nullptr));
}

}  // namespace

void* allocate(std::size_t size) {
  if (size > largest) return ::operator new(size);
  const std::size_t index = class_of(size);
  Bin& bin = bins.of[index];
  if (bin.first == nullptr) return refill(bin, index);
  --bin.count;
  return std::exchange(bin.first, bin.first->next);
}

void deallocate(void* memory, std::size_t size) noexcept {
  if (size > largest) return ::operator delete(memory, size);
  const std::size_t index = class_of(size);
  Bin& bin = bins.of[index];
  auto* object = static_cast<Object*>(memory);
  object->next = bin.first;
  bin.first = object;
  if (++bin.count > bin.most) spill(bin, index);
}

std::size_t reserved_bytes() { return unused.reserved(); }

}  // namespace kvs::slab
