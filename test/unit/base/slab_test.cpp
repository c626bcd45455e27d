#include "kvs/slab.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using namespace kvs;

namespace {

// An object filled with a byte of its own, so that an overlap with another one shows.
struct Filled {
  explicit Filled(std::size_t n, unsigned char with) : size(n), byte(with), memory(slab::allocate(n)) {
    std::memset(memory, byte, size);
  }

  bool intact() const {
    const auto* bytes = static_cast<const unsigned char*>(memory);
    return size == 0 || (bytes[0] == byte && std::memcmp(bytes, bytes + 1, size - 1) == 0);
  }

  std::size_t size;
  unsigned char byte;
  void* memory;
};

std::vector<void*> take(std::size_t size, std::size_t bytes) {
  std::vector<void*> taken;
  for (std::size_t sum = 0; sum < bytes; sum += size) taken.push_back(slab::allocate(size));
  return taken;
}

void give(const std::vector<void*>& taken, std::size_t size) {
  for (void* memory : taken) slab::deallocate(memory, size);
}

constexpr std::size_t mebibyte = 1024 * 1024;

}  // namespace

BOOST_AUTO_TEST_SUITE(slabs)

BOOST_AUTO_TEST_CASE(objects_of_all_sizes_keep_what_was_written_to_them) {
  std::mt19937 random(42);
  std::vector<Filled> objects;
  for (int i = 0; i < 50000; ++i) {
    if (objects.empty() || random() % 100 < 55) {
      objects.emplace_back(random() % 1200, static_cast<unsigned char>(random()));
      BOOST_REQUIRE_EQUAL(reinterpret_cast<std::uintptr_t>(objects.back().memory) % 8, 0u);
    } else {
      std::swap(objects[random() % objects.size()], objects.back());
      BOOST_REQUIRE(objects.back().intact());
      slab::deallocate(objects.back().memory, objects.back().size);
      objects.pop_back();
    }
  }
  for (const auto& object : objects) {
    BOOST_REQUIRE(object.intact());
    slab::deallocate(object.memory, object.size);
  }
}

BOOST_AUTO_TEST_CASE(memory_freed_is_used_again_for_other_sizes) {
  give(take(100, 64 * mebibyte), 100);
  const std::size_t reserved = slab::reserved_bytes();
  for (const std::size_t size : {40, 160, 528, 1024}) give(take(size, 48 * mebibyte), size);
  BOOST_TEST(slab::reserved_bytes() == reserved);
}

BOOST_AUTO_TEST_CASE(memory_given_back_to_the_system_can_be_used_again) {
  for (int round = 0; round < 3; ++round) {
    auto taken = take(200, 64 * mebibyte);
    for (void* memory : taken) std::memset(memory, round, 200);
    give(taken, 200);
  }
}

BOOST_AUTO_TEST_CASE(one_thread_may_free_what_another_one_got) {
  std::vector<Filled> made;
  std::size_t reserved = 0;
  for (int round = 0; round < 20; ++round) {
    std::thread([&] {
      for (int i = 0; i < 20000; ++i) made.emplace_back(64, static_cast<unsigned char>(i));
    }).join();
    std::thread([&] {
      for (const auto& object : std::exchange(made, {})) {
        if (!object.intact()) std::abort();
        slab::deallocate(object.memory, object.size);
      }
    }).join();
    // Nothing stays behind with a thread that has ended.
    if (round == 0) reserved = slab::reserved_bytes();
  }
  BOOST_TEST(slab::reserved_bytes() == reserved);
}

BOOST_AUTO_TEST_CASE(threads_do_not_disturb_each_other) {
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([thread] {
      std::mt19937 random(thread);
      std::vector<Filled> objects;
      for (int i = 0; i < 40000; ++i) {
        if (objects.size() < 100 + random() % 400) {
          objects.emplace_back(40 + random() % 64, static_cast<unsigned char>(thread));
        } else {
          std::swap(objects[random() % objects.size()], objects.back());
          if (!objects.back().intact()) std::abort();
          slab::deallocate(objects.back().memory, objects.back().size);
          objects.pop_back();
        }
      }
      for (const auto& object : objects) slab::deallocate(object.memory, object.size);
    });
  }
  for (auto& thread : threads) thread.join();
}

BOOST_AUTO_TEST_CASE(an_object_may_be_freed_after_the_thread_local_ones_of_its_thread) {
  std::thread([] {
    // Made before the slab's own bins, so destroyed after them.
    struct Late {
      ~Late() {
        slab::deallocate(memory, 48);
        slab::deallocate(slab::allocate(48), 48);
      }
      void* memory = nullptr;
    };
    static thread_local Late late;
    late.memory = nullptr;
    late.memory = slab::allocate(48);
  }).join();
}

BOOST_AUTO_TEST_SUITE_END()
