#include "kvs/net/auth_file.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <unordered_set>

#include "kvs/net/target.hpp"
#include "kvs/suggest.hpp"

namespace kvs {

namespace {

constexpr std::size_t token_bytes = 32;
constexpr std::size_t longest_name = 64;
constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Problem bad(std::string text) { return {errc::bad_parameter, std::move(text)}; }

// The next word, cut off the front; empty at the end.
std::string_view take_word(std::string_view& line) {
  auto begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return line = {};
  auto end = std::min(line.find_first_of(" \t\r", begin), line.size());
  std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<TokenDigest> parse_digest(std::string_view text) {
  TokenDigest digest;
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return digest;
}

std::string to_hex(const TokenDigest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::uint8_t byte : digest) (text += digits[byte >> 4]) += digits[byte & 15];
  return text;
}

std::optional<Role> parse_role(std::string_view text) {
  if (text == "read") return Role::read;
  if (text == "write") return Role::write;
  if (text == "metrics") return Role::metrics;
  if (text == "admin") return Role::admin;
  return std::nullopt;
}

result<HolderRef> parse_holder(std::string_view line) {
  auto holder = std::make_shared<Holder>();
  holder->name = take_word(line);
  if (auto complaint = name_complaint(holder->name); !complaint.empty()) return bad(complaint);
  std::string_view digest = take_word(line);
  if (digest != "-") {
    holder->token = parse_digest(digest);
    if (!holder->token) {
      return bad(
          "behind the name stands the SHA-256 of the token, 64 hex digits, or - for a client certificate; `kvs token "
          "create` writes such a line");
    }
  }
  std::size_t grants = 0;
  for (auto word = take_word(line); !word.empty(); word = take_word(line), ++grants) {
    if (auto problem = parse_grant(word, holder->rights)) return *problem;
  }
  if (grants == 0) return bad("no role is given to " + holder->name + ": read, write, metrics or admin");
  return HolderRef(std::move(holder));
}

Problem cannot(std::string_view what, const std::filesystem::path& file, int error) {
  return bad("cannot " + std::string(what) + " the auth file " + file.string() + ": " + std::strerror(error));
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

result<std::string> read_private_file(const std::filesystem::path& file) {
  Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (descriptor.number < 0) return cannot("open", file, errno);
  struct stat there{};
  if (::fstat(descriptor.number, &there) != 0) return cannot("look at", file, errno);
  if (!S_ISREG(there.st_mode)) return bad("the auth file " + file.string() + " is not a regular file");
  if ((there.st_mode & 077) != 0) {
    return bad("the auth file " + file.string() + " may be read or written by others than its owner; run: chmod 600 " +
               file.string());
  }
  if (static_cast<std::uint64_t>(there.st_size) > max_auth_file_size)
    return bad("the auth file " + file.string() + " is larger than 16 MiB");
  std::string text(static_cast<std::size_t>(there.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    ssize_t count = ::read(descriptor.number, text.data() + have, text.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("read", file, errno);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  text.resize(have);
  return text;
}

}  // namespace

TokenDigest digest_token(std::string_view token) {
  TokenDigest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

std::string make_token() {
  std::array<std::uint8_t, token_bytes> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("the system gives no random bytes for a token");
  std::string token;
  std::uint32_t bits = 0;
  int have = 0;
  for (std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (have += 8; have >= 6; have -= 6) token += base64url[bits >> (have - 6) & 63];
  }
  if (have > 0) token += base64url[bits << (6 - have) & 63];
  return token;
}

std::string name_complaint(std::string_view name) {
  bool good = !name.empty() && name.size() <= longest_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-@").find(c) != std::string_view::npos;
  });
  return good ? "" : "a name has 1 to 64 characters of A-Z a-z 0-9 . _ - @";
}

std::optional<Problem> parse_grant(std::string_view text, Rights& rights) {
  auto colon = text.find(':');
  std::string_view word = text.substr(0, colon);
  auto role = parse_role(word);
  if (!role) return bad("there is no role \"" + std::string(word) + "\"; there are read, write, metrics and admin");
  if (colon == std::string_view::npos) {
    rights.grant(*role);
    return std::nullopt;
  }
  if (*role == Role::metrics || *role == Role::admin)
    return bad("the role " + std::string(word) + " is for everything: it takes no prefix");
  if (colon + 1 == text.size())
    return bad(std::string(text) + " names no prefix: leave the colon out for every key (" + std::string(word) +
               "), or name one (" + std::string(word) + ":app/)");
  std::string scratch;
  auto prefix = decode_key(text.substr(colon + 1), scratch);
  if (!prefix) return bad("the prefix of " + std::string(text) + ": " + prefix.error().detail);
  rights.grant(*role, *prefix);
  return std::nullopt;
}

result<AuthTable> AuthTable::parse(std::string_view text, std::string_view file) {
  AuthTable table;
  std::unordered_set<std::string_view> names;
  auto wrong = [file](std::size_t line, const std::string& what) {
    return bad(std::string(file) + ":" + std::to_string(line) + ": " + what);
  };
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    std::string_view rest = line;
    std::string_view first = take_word(rest);
    if (first.empty() || first.starts_with('#')) continue;
    auto holder = parse_holder(line);
    if (!holder) return wrong(number, holder.error().detail);
    if (!names.insert((*holder)->name).second) return wrong(number, (*holder)->name + " is named twice");
    if (table.size() == max_holders) return wrong(number, "more than 10,000 holders");
    table.holders_.push_back(std::move(*holder));
  }
  return table;
}

result<AuthTable> AuthTable::load(const std::filesystem::path& file) {
  auto text = read_private_file(file);
  if (!text) return text.error();
  return parse(*text, file.string());
}

HolderRef AuthTable::by_token(std::string_view token) const {
  TokenDigest digest = digest_token(token);
  const HolderRef* found = nullptr;
  for (const HolderRef& holder : holders_) {
    if (holder->token && CRYPTO_memcmp(holder->token->data(), digest.data(), digest.size()) == 0) found = &holder;
  }
  return found ? *found : nullptr;
}

HolderRef AuthTable::by_name(std::string_view name) const {
  auto found = std::ranges::find_if(holders_, [name](const HolderRef& holder) { return holder->name == name; });
  return found == holders_.end() ? nullptr : *found;
}

bool AuthTable::has(const Holder& holder) const {
  HolderRef found = by_name(holder.name);
  return found && *found == holder;
}

std::string auth_line(std::string_view name, std::string_view token, const std::vector<std::string>& grants) {
  std::string line = std::string(name) + ' ' + to_hex(digest_token(token));
  for (const auto& grant : grants) {
    line += ' ';
    for (char c : grant) {  // a blank would end it, and begin another
      if (c > ' ' && c < 0x7f && c != '#') {
        line += c;
      } else {
        char text[4];
        std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
        line += text;
      }
    }
  }
  return line;
}

}  // namespace kvs
