<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\Assert;

/**
 * How a process ended.
 */
final class Finished {

	public function __construct(
		public readonly int $status,
		public readonly string $stdout,
		public readonly string $stderr
	) {}

	/**
	 * What it printed on stdout, as JSON.
	 *
	 * @return array<string|int, mixed>
	 */
	public function json(): array {
		$value = json_decode( $this->stdout, true );
		Assert::assertIsArray( $value, "Not JSON, exit status {$this->status}:\n{$this->stdout}\n{$this->stderr}" );
		return $value;
	}

	/**
	 * Asserts that it refused: exit status 1, nothing on stdout, one line on stderr.
	 *
	 * @param string $code  Error code that the line ends with.
	 * @param string $field Field that the line begins with; empty if it need not.
	 */
	public function assert_refused( string $code, string $field = '' ): void {
		Assert::assertSame( 1, $this->status, $this->stdout . $this->stderr );
		Assert::assertSame( '', $this->stdout );
		$field = preg_quote( $field, '/' );
		$code  = preg_quote( $code, '/' );
		Assert::assertMatchesRegularExpression( "/\AError: {$field}[^\n]*\({$code}\)\n\z/", $this->stderr );
	}
}
