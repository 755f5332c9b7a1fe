//! A service: the trait that a server implements, what makes it servable, and the client.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs::docs;
use super::{Context, Emitted, allow};
use crate::error::Error;
use crate::model::{Method, Service};
use crate::names::ident;

/// A method with the types it carries.
struct Call<'m> {
    method: &'m Method,
    input: TokenStream,
    output: TokenStream,
}

/// What all parts need.
struct Writer<'c> {
    service: &'c Service,
    calls: Vec<Call<'c>>,
    grpc: TokenStream,
    /// The name of the handler's type parameter.
    handler: Ident,
}

pub(super) fn emit(context: &Context<'_>, service: &Service) -> Result<Emitted, Error> {
    let from = &service.home.modules;
    let calls = service.methods.iter().map(|method| {
        let (input, output) = (context.message(method.input, from)?, context.message(method.output, from)?);
        Ok(Call { method, input, output })
    });
    let calls = calls.collect::<Result<_, Error>>()?;
    let writer = Writer { service, calls, grpc: context.paths.grpc(), handler: parameter(context, service) };
    let parts = [writer.handler(), writer.forwarding(), writer.server(), writer.client()];
    Ok(Emitted { home: service.home.clone(), tokens: quote!(#(#parts)*) })
}

/// `T`, unless something that is named where it stands is called that.
fn parameter(context: &Context<'_>, service: &Service) -> Ident {
    let is_taken =
        |name: &str| service.name == name || context.schema.messages.iter().any(|message| message.name == name);
    let mut name = String::from("T");
    while is_taken(&name) {
        name.push('_');
    }
    ident(&name)
}

impl Call<'_> {
    fn docs(&self, service: &Service) -> TokenStream {
        let Method { proto_name, docs: comment, .. } = self.method;
        docs(comment.as_deref(), &format!("The method `{}.{proto_name}`.", service.full_name))
    }

    /// The name of the call's kind: of the method of `ServiceDefinition`, and of `Channel`.
    fn kind(&self) -> &'static str {
        match (self.method.streams_requests, self.method.streams_responses) {
            (false, false) => "unary",
            (false, true) => "server_streaming",
            (true, false) => "client_streaming",
            (true, true) => "bidirectional",
        }
    }

    /// The parameters of a handler and what it returns.
    fn signature(&self, grpc: &TokenStream) -> TokenStream {
        let Self { input, output, .. } = self;
        let parameter = if self.method.streams_requests {
            quote!(requests: #grpc::Request<#grpc::RequestStream<#input>>)
        } else {
            quote!(request: #grpc::Request<#input>)
        };
        if self.method.streams_responses {
            quote! {
                (&self, #parameter, responses: &mut #grpc::ResponseSink<#output>)
                    -> ::core::result::Result<(), #grpc::Status>
            }
        } else {
            quote!((&self, #parameter) -> ::core::result::Result<#grpc::Response<#output>, #grpc::Status>)
        }
    }

    /// The names of the parameters.
    fn arguments(&self) -> TokenStream {
        match (self.method.streams_requests, self.method.streams_responses) {
            (false, false) => quote!(request),
            (false, true) => quote!(request, responses),
            (true, false) => quote!(requests),
            (true, true) => quote!(requests, responses),
        }
    }
}

impl Writer<'_> {
    /// The trait.
    fn handler(&self) -> TokenStream {
        let Self { service, calls, grpc, .. } = self;
        let (name, allow) = (ident(&service.name), allow());
        let service_docs = docs(service.docs.as_deref(), &format!("The service `{}`.", service.full_name));
        let methods = calls.iter().map(|call| {
            let (method, docs) = (ident(&call.method.name), call.docs(service));
            let (signature, arguments) = (call.signature(grpc), call.arguments());
            let ignored = if call.method.streams_responses { quote!((#arguments)) } else { quote!(#arguments) };
            let message = format!("{}.{} is not implemented", service.full_name, call.method.proto_name);
            quote! {
                #docs
                fn #method #signature {
                    ::core::mem::drop(#ignored);
                    ::core::result::Result::Err(#grpc::Status::unimplemented(#message))
                }
            }
        });
        quote! {
            #service_docs
            ///
            /// A method that is not written answers UNIMPLEMENTED.
            #allow
            pub trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
                #(#methods)*
            }
        }
    }

    /// The trait for what is shared.
    fn forwarding(&self) -> TokenStream {
        let (name, allow, handler) = (ident(&self.service.name), allow(), &self.handler);
        let methods = self.calls.iter().map(|call| {
            let (method, signature) = (ident(&call.method.name), call.signature(&self.grpc));
            let arguments = call.arguments();
            quote!(fn #method #signature { #name::#method(&**self, #arguments) })
        });
        quote! {
            #allow
            impl<#handler: #name + ?::core::marker::Sized> #name for ::std::sync::Arc<#handler> {
                #(#methods)*
            }
        }
    }

    fn server(&self) -> TokenStream {
        let Self { service, calls, grpc, handler } = self;
        let (name, allow, full_name) = (ident(&service.name), allow(), &service.full_name);
        let server = ident(&service.server);
        let routes = calls.iter().map(|call| {
            let (kind, method, proto_name) = (ident(call.kind()), ident(&call.method.name), &call.method.proto_name);
            let arguments = call.arguments();
            quote! {
                .#kind(#proto_name, {
                    let inner = ::core::clone::Clone::clone(&inner);
                    move |#arguments| #name::#method(&*inner, #arguments)
                })
            }
        });
        let docs = format!(" Makes a [`{}`] servable: pass it to `add_service`.", service.name);
        quote! {
            #[doc = #docs]
            #allow
            pub struct #server<#handler> {
                inner: ::std::sync::Arc<#handler>,
            }

            #allow
            impl<#handler: #name> #server<#handler> {
                /// Serves with this handler, from as many threads as the server has.
                pub fn new(inner: #handler) -> Self {
                    Self { inner: ::std::sync::Arc::new(inner) }
                }
            }

            impl<#handler> ::core::clone::Clone for #server<#handler> {
                fn clone(&self) -> Self {
                    Self { inner: ::core::clone::Clone::clone(&self.inner) }
                }
            }

            impl<#handler> ::core::fmt::Debug for #server<#handler> {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_struct(::core::stringify!(#server)).finish_non_exhaustive()
                }
            }

            #allow
            #[allow(unused_variables)] // of a service without methods
            impl<#handler: #name> ::core::convert::From<#server<#handler>> for #grpc::ServiceDefinition {
                fn from(server: #server<#handler>) -> Self {
                    let inner = server.inner;
                    #grpc::ServiceDefinition::new(#full_name) #(#routes)*
                }
            }
        }
    }

    fn client(&self) -> TokenStream {
        let Self { service, calls, grpc, .. } = self;
        let allow = allow();
        let client = ident(&service.client);
        let methods = calls.iter().map(|call| self.client_method(call));
        let docs = format!(" Calls `{}` over a channel, from any thread.", service.full_name);
        quote! {
            #[doc = #docs]
            #allow
            #[derive(Debug, Clone)]
            pub struct #client {
                channel: #grpc::Channel,
            }

            #allow
            impl #client {
                /// Calls over this channel; clones of a channel share its connection.
                pub fn new(channel: #grpc::Channel) -> Self {
                    Self { channel }
                }

                #(#methods)*
            }
        }
    }

    fn client_method(&self, call: &Call<'_>) -> TokenStream {
        let Self { service, grpc, .. } = self;
        let Call { method, input, output } = call;
        let (docs, name, kind) = (call.docs(service), ident(&method.name), ident(call.kind()));
        let path = format!("/{}/{}", service.full_name, method.proto_name);
        let (call_kind, request, answer) = match (method.streams_requests, method.streams_responses) {
            (false, false) => (quote!(Unary), quote!(#input), quote!(#grpc::Response<#output>)),
            (false, true) => (quote!(ServerStreaming), quote!(#input), quote!(#grpc::ResponseStream<#output>)),
            (true, false) => (
                quote!(ClientStreaming),
                quote!(()),
                quote!((#grpc::RequestSink<#input>, #grpc::PendingResponse<#output>)),
            ),
            (true, true) => (
                quote!(Bidirectional),
                quote!(()),
                quote!((#grpc::RequestSink<#input>, #grpc::ResponseStream<#output>)),
            ),
        };
        quote! {
            #docs
            ///
            /// # Errors
            ///
            /// The status with which the call ends, unless it is OK; what went wrong here comes as a status too.
            pub fn #name(
                &self,
                request: impl ::core::convert::Into<#grpc::Request<#request>>,
            ) -> ::core::result::Result<#answer, #grpc::Status> {
                const METHOD: #grpc::MethodDescriptor =
                    #grpc::MethodDescriptor::new(#path, #grpc::CallKind::#call_kind);
                self.channel.#kind(&METHOD, request.into())
            }
        }
    }
}
