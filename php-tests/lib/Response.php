<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\Assert;

/**
 * An HTTP response.
 */
final class Response {

	public function __construct(
		public readonly int $status,
		public readonly string $body
	) {}

	/**
	 * The body as JSON.
	 *
	 * @return array<string|int, mixed>
	 */
	public function json(): array {
		$value = json_decode( $this->body, true );
		Assert::assertIsArray( $value, "Not JSON, HTTP status {$this->status}:\n{$this->body}" );
		return $value;
	}

	/**
	 * Asserts that it is a refusal of WordPress's REST API.
	 *
	 * @param int    $status HTTP status.
	 * @param string $code   Error code.
	 * @param string $field  Field that the data names; empty if none.
	 */
	public function assert_refused( int $status, string $code, string $field = '' ): void {
		$body = $this->json();
		Assert::assertSame( array( $status, $code ), array( $this->status, $body['code'] ?? null ), $this->body );
		if ( '' !== $field ) {
			Assert::assertSame( $field, $body['data']['field'] ?? null );
			Assert::assertStringContainsString( $field, $body['message'] );
		}
	}
}
