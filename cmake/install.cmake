# `cmake --install` and find_package(modernbert).
