// Lets memory go that is not worth keeping.
#pragma once
#include <string>

namespace kvs {

// The text is empty then and has no memory of its own. Neither `= {}` nor `= std::string()` does that: libstdc++ copies
// what is short into the memory there is.
inline void give_back(std::string& text) noexcept { std::string().swap(text); }

}  // namespace kvs
