import { type TArray, type TBoolean, type TOptional, type TString, Type } from 'typebox';

export const flag = (description: string): TOptional<TBoolean> =>
  Type.Optional(Type.Boolean({ default: true, description }));

export const filter = (description: string): TOptional<TArray<TString>> =>
  Type.Optional(Type.Array(Type.String(), { description }));

export const receiver = Type.Optional(
  Type.String({ description: "A regular expression of the receiver's whole name." }),
);

export const receiverMatchers = Type.Optional(
  Type.Array(Type.String(), { description: "Matchers of the receiver's labels." }),
);
