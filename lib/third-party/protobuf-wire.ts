export { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
