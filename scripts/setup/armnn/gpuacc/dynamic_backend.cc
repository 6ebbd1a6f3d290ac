// What Arm NN looks for in the library of a backend. Its sources have this only for the reference
// backend.
#include <cl/ClBackend.hpp>
#include <cstdint>

extern "C" {

const char* GetBackendId() { return armnn::ClBackend::GetIdStatic().Get().c_str(); }

void GetVersion(uint32_t* major, uint32_t* minor) {
  const armnn::BackendVersion version = armnn::IBackendInternal::GetApiVersion();
  *major = version.m_Major;
  *minor = version.m_Minor;
}

void* BackendFactory() { return new armnn::ClBackend; }

}  // extern "C"
