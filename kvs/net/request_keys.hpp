// The request keys (Idempotency-Key) of the writes that are under way on this instance.
#pragma once
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

namespace kvs {

// Any thread. That a key is under way elsewhere nobody can know: there the order decides, and the second of two gets
// the answer of the first.
class RequestKeys {
 public:
  // As long as it lives, the key is in use. Empty: nothing is. The RequestKeys must outlive it.
  class Use {
   public:
    Use() = default;
    Use(Use&& other) noexcept : keys_(std::exchange(other.keys_, nullptr)), key_(other.key_) {}
    Use& operator=(Use&& other) noexcept {
      std::swap(keys_, other.keys_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Use() {
      if (keys_ != nullptr) keys_->end(*key_);
    }
    explicit operator bool() const { return keys_ != nullptr; }

   private:
    friend class RequestKeys;
    Use(RequestKeys& keys, const std::string& key) : keys_(&keys), key_(&key) {}
    RequestKeys* keys_ = nullptr;
    const std::string* key_ = nullptr;  // in keys_, where nothing moves
  };

  // Empty if it is in use already.
  Use begin(const std::string& key) {
    std::lock_guard lock(mutex_);
    auto [place, is_new] = keys_.insert(key);
    return is_new ? Use(*this, *place) : Use();
  }

 private:
  void end(const std::string& key) {
    std::lock_guard lock(mutex_);
    keys_.erase(keys_.find(key));
  }

  std::mutex mutex_;
  std::unordered_set<std::string> keys_;
};

}  // namespace kvs
