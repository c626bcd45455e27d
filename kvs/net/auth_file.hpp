// The file that says who may come in, one holder a line:
//   line  := name blank (sha256 | "-") (blank grant)+ | comment | ""
//   grant := role [":" prefix]        role := "read" | "write" | "metrics" | "admin"
// name: 1 to 64 of A-Z a-z 0-9 . _ - @; sha256: of the token's text, 64 hex digits; "-": no token, only a client
// certificate of that name. prefix: percent-encoded as in a path, for read and write only. "#" begins a comment line.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/errc.hpp"
#include "kvs/net/rights.hpp"

namespace kvs {

using TokenDigest = std::array<std::uint8_t, 32>;
// SHA-256.
TokenDigest digest_token(std::string_view token);
// 32 random bytes as 43 characters of base64url. Throws std::runtime_error if the system has none.
std::string make_token();

// Somebody the file names.
struct Holder {
  std::string name;
  std::optional<TokenDigest> token;
  Rights rights;

  bool operator==(const Holder&) const = default;
};
using HolderRef = std::shared_ptr<const Holder>;

inline constexpr std::size_t max_holders = 10'000;
inline constexpr std::size_t max_auth_file_size = 16 * 1024 * 1024;

// Immutable; shared by all threads.
class AuthTable {
 public:
  // Errors: bad_parameter, naming `file` and line.
  static result<AuthTable> parse(std::string_view text, std::string_view file);
  // The same from a file that only its owner may read or write. Errors also for what is wrong with the file itself.
  static result<AuthTable> load(const std::filesystem::path& file);

  // Null: nobody has it. Takes as long whichever holder it is, and whether there is one.
  HolderRef by_token(std::string_view token) const;
  HolderRef by_name(std::string_view name) const;
  // Whether that holder is still here, with the same token and rights.
  bool has(const Holder& holder) const;
  std::size_t size() const { return holders_.size(); }

 private:
  std::vector<HolderRef> holders_;
};

// The line for the file, without its newline. `grants` as in the grammar.
std::string auth_line(std::string_view name, std::string_view token, const std::vector<std::string>& grants);
// One grant put into `rights`. Errors: bad_parameter.
std::optional<Problem> parse_grant(std::string_view text, Rights& rights);
// Empty if it is one, else what a name must look like.
std::string name_complaint(std::string_view name);

}  // namespace kvs
