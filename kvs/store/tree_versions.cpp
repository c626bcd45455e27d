#include "kvs/store/tree_versions.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace kvs::tree {

namespace {

// More than one edit takes out of a tree, which is not as deep.
constexpr std::size_t most_of_an_edit = 64;

template <class T>
void make_room(std::vector<T>& in, std::size_t count) {
  if (in.capacity() - in.size() < count) in.reserve(std::max(2 * in.capacity(), in.size() + count));
}

void free(const Dead::DeadNode& dead) noexcept { dispose(dead.object); }
void free(const Dead::DeadRecord& dead) noexcept { intrusive_ptr_release(dead.object); }

template <class T>
void free_all(const std::vector<T>& dead) noexcept {
  for (const T& one : dead) free(one);
}

// Takes out of `dead` what was born after `limit`.
template <class T, class Birth>
void take_younger(std::vector<T>& dead, Birth limit, std::vector<T>& younger) noexcept {
  auto first = std::partition(dead.begin(), dead.end(), [limit](const T& one) { return one.born <= limit; });
  try {
    younger.insert(younger.end(), first, dead.end());
  } catch (const std::bad_alloc&) {  // then at once, though others wait meanwhile
    for (auto one = first; one != dead.end(); ++one) free(*one);
  }
  dead.erase(first, dead.end());
}

// The nodes that carry this stamp, which are only below such.
void dispose_all(const Node* root, std::uint64_t stamp) noexcept {
  if (!root || root->stamp != stamp) return;
  if (!root->is_leaf) {
    for (unsigned i = 0; i < root->count; ++i) dispose_all(as_inner(root)->children[i], stamp);
  }
  dispose(root);
}

}  // namespace

std::uint64_t next_stamp() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// The recursion goes as deep as the tree, that is State::Cursor's max_depth at most.
void FreeTree::operator()(const Node* root) const noexcept {
  if (!root) return;
  for (unsigned i = 0; i < root->count; ++i) {
    if (root->is_leaf) {
      intrusive_ptr_release(as_leaf(root)->records[i]);
    } else {
      (*this)(as_inner(root)->children[i]);
    }
  }
  dispose(root);
}

// Versions of which each was made from the one before, as far as they are held. The newest stays until the others have
// gone, also when nobody holds it any more: it alone leads to what is not dead. The lineage ends when that has happened
// and nobody edits.
class Lineage {
 public:
  Lineage() = default;
  explicit Lineage(VersionRef parent) : parent_(std::move(parent)) {}
  Lineage(const Lineage&) = delete;
  Lineage& operator=(const Lineage&) = delete;

  bool is_aside() const { return parent_ != nullptr; }

  void begin_editing(const Version* base) {
    std::lock_guard lock(mutex_);
    if (edited_ || newest_ != base) throw std::logic_error("a state that another one was made from is edited aside");
    edited_ = true;
  }

  void end_editing() noexcept {
    std::unique_lock lock(mutex_);
    edited_ = false;
    end_if_done(std::move(lock));
  }

  VersionRef add(std::unique_ptr<Version> made) noexcept {
    std::lock_guard lock(mutex_);
    made->older_ = newest_;
    if (newest_) newest_->newer_ = made.get();
    newest_ = made.get();
    return VersionRef(made.release());
  }

  void release(const Version* version) noexcept {
    std::uint32_t holders = version->holders_.load(std::memory_order_relaxed);
    while (holders > 1) {
      if (version->holders_.compare_exchange_weak(holders, holders - 1, std::memory_order_acq_rel)) return;
    }
    std::unique_lock lock(mutex_);
    // Down to zero under the lock only: who finds the newest version unheld there may end the lineage.
    if (version->holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    Freed freed;
    if (version != newest_) {
      freed = take_out(*version);
      delete version;
    }
    end_if_done(std::move(lock));
    for (const Dead& dead : freed.commits) free_all(dead.nodes), free_all(dead.records);
    free_all(freed.others.nodes), free_all(freed.others.records);
  }

  // Of a lineage aside, all that was made for it: nothing of it is freed before the end.
  std::vector<const Node*> nodes;
  std::vector<const Record*> records;

 private:
  struct Freed {
    DeadList commits;
    Dead others;
  };

  // Of one that is not the newest: what only this version shows, to be freed when the lock is not held any more.
  Freed take_out(const Version& version) noexcept {
    const Version& newer = *version.newer_;
    newer.older_ = version.older_;
    Freed freed;
    if (const Version* older = version.older_) {
      older->newer_ = version.newer_;
      for (Dead& dead : newer.dead_) {
        take_younger(dead.nodes, older->stamp_, freed.others.nodes);
        take_younger(dead.records, older->newest_, freed.others.records);
      }
      newer.dead_.remove_if([](const Dead& dead) { return dead.nodes.empty() && dead.records.empty(); });
    } else {
      freed.commits.swap(newer.dead_);
    }
    newer.dead_.splice(newer.dead_.end(), version.dead_);
    return freed;
  }

  void end_if_done(std::unique_lock<std::mutex> lock) noexcept {
    bool unheld = !newest_ || (!newest_->older_ && newest_->holders_.load(std::memory_order_acquire) == 0);
    if (edited_ || !unheld) return;
    lock.unlock();
    for (const Node* node : nodes) dispose(node);
    for (const Record* record : records) intrusive_ptr_release(record);
    if (newest_ && !is_aside()) {
      for (const Node* root : newest_->roots_) FreeTree{}(root);
    }
    delete newest_;
    delete this;
  }

  std::mutex mutex_;
  Version* newest_ = nullptr;
  bool edited_ = false;
  const VersionRef parent_;
};

void intrusive_ptr_add_ref(const Version* version) noexcept {
  version->holders_.fetch_add(1, std::memory_order_relaxed);
}

void intrusive_ptr_release(const Version* version) noexcept { version->lineage_.release(version); }

VersionRef first_version(Tree tree, Revision newest) {
  if (!tree) return {};
  auto lineage = std::make_unique<Lineage>();
  auto version = std::make_unique<Version>(*lineage, next_stamp(), newest, Roots{tree.get()});
  tree.release();
  return lineage.release()->add(std::move(version));
}

Draft::Draft(VersionRef base, Kind kind) : base_(std::move(base)) {
  if (base_ && kind == Kind::next) {
    lineage_ = &base_->lineage_;
    lineage_->begin_editing(base_.get());
  } else {
    lineage_ = new Lineage(base_);
    lineage_->begin_editing(nullptr);
  }
}

Draft::~Draft() { lineage_->end_editing(); }

void Draft::prepare() {
  if (lineage_->is_aside()) {
    make_room(lineage_->nodes, most_of_an_edit);
    make_room(lineage_->records, 1);
    return;
  }
  make_room(dead_.nodes, most_of_an_edit);
  make_room(dead_.records, 1);
  make_room(born_, 1);
}

const Node* Draft::add(Fresh node) noexcept {
  if (lineage_->is_aside()) lineage_->nodes.push_back(node.get());
  return node.release();
}

void Draft::retire(const Node* node) noexcept {
  if (lineage_->is_aside()) return;
  if (node->stamp == stamp_) {
    dispose(node);
  } else {
    dead_.nodes.push_back({node, node->stamp});
  }
}

void Draft::add(RecordRef record) noexcept {
  newest_ = std::max(newest_, record->revision());
  (lineage_->is_aside() ? lineage_->records : born_).push_back(record.detach());
}

void Draft::retire(const Record* record) noexcept {
  if (!lineage_->is_aside()) dead_.records.push_back({record, record->revision()});
}

VersionRef Draft::commit(const Roots& roots) {
  DeadList dead(1);
  if (base_) newest_ = std::max(newest_, base_->newest_);
  auto made = std::make_unique<Version>(*lineage_, stamp_, newest_, roots);
  // What came and went since the base: no version shows it.
  auto passing = std::partition(dead_.records.begin(), dead_.records.end(),
                                [this](const auto& one) { return base_ && one.born <= base_->newest_; });
  for (auto one = passing; one != dead_.records.end(); ++one) free(*one);
  dead_.records.erase(passing, dead_.records.end());
  dead.front() = std::exchange(dead_, {});
  if (base_) made->dead_ = std::move(dead);
  born_.clear();
  stamp_ = next_stamp();
  base_ = lineage_->add(std::move(made));
  return base_;
}

void Draft::rollback(const Roots& roots) noexcept {
  if (lineage_->is_aside()) return;
  for (const Node* root : roots) dispose_all(root, stamp_);
  for (const Record* record : born_) intrusive_ptr_release(record);
  born_.clear();
  dead_ = {};
}

}  // namespace kvs::tree
