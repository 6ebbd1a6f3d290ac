export { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
