#include "kvs/store/digest_check.hpp"

#include <algorithm>
#include <string>

namespace kvs {

void DigestCheck::passed(Revision place, std::uint64_t digest, const DigestClaim& claim) {
  auto known = std::ranges::lower_bound(remembered_, claim.at, {}, &Remembered::at);
  if (known != remembered_.end() && known->at == claim.at && known->digest != claim.value) {
    throw Diverged("the state here is not what another instance has at revision " + std::to_string(number(claim.at)) +
                   ": one of them is wrong. Compare `kvs version` of all instances; then start the wrong one with an "
                   "empty data directory");
  }
  remembered_.push_back({place, digest});
  if (remembered_.size() > most_remembered) remembered_.pop_front();
}

DigestClaim DigestCheck::claim() {
  since_ = 0;
  if (remembered_.empty()) return {};
  return {remembered_.back().at, remembered_.back().digest, no_revision};
}

}  // namespace kvs
