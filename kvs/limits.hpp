// Bounds that every transport and every bus shares. Flags move some of them; the numbers are the defaults.
#pragma once
#include <chrono>
#include <cstddef>

namespace kvs {

inline constexpr std::size_t max_key_size = 1024;
inline constexpr std::size_t default_max_value_size = 1024 * 1024;
inline constexpr std::size_t max_content_type_size = 255;
inline constexpr std::size_t max_request_id_size = 128;
inline constexpr std::size_t max_request_key_size = 255;
inline constexpr std::chrono::milliseconds max_ttl = std::chrono::days{3653};  // 10 years, whichever they are

// How long a read may wait until it is as new as it wants to be, unless it says, and at most.
inline constexpr std::chrono::seconds default_read_wait{5};
inline constexpr std::chrono::seconds most_read_wait{60};

// Of one transaction.
inline constexpr std::size_t max_transaction_checks = 1024;
inline constexpr std::size_t max_transaction_steps = 1024;  // `then` and `otherwise` together

}  // namespace kvs
